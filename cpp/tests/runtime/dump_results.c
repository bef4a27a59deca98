/* Prints every array of a network's results, for a test that compares them with Python's.
 *
 * dump_results MODEL frame|batch|video FRAMES...
 * dump_results MODEL boxes FRAME BOXES
 * dump_results MODEL tensors NAME FILE...
 * FRAMES are files of three int32 (width, height, format) and the pixels, BOXES a file of float32, a tensor's FILE one
 * of int64 rank, shape and float32. Output, per array: name, type and shape in a line, then its bytes.
 */
#include <gcv_edge.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FRAMES = 256 };

static void* read_file(const char* path, long* size) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) exit(3);
  fseek(file, 0, SEEK_END);
  *size = ftell(file);
  rewind(file);
  char* content = malloc((size_t)*size + 1);
  if (content == NULL || fread(content, 1, (size_t)*size, file) != (size_t)*size) exit(3);
  fclose(file);
  return content;
}

static gcv_edge_image read_frame(const char* path) {
  long size = 0;
  const uint8_t* content = read_file(path, &size);
  int32_t head[3];
  memcpy(head, content, sizeof head);
  const gcv_edge_image frame = {
      .size = sizeof frame, .pixels = content + sizeof head, .width = head[0], .height = head[1], .format = head[2]};
  return frame;
}

static gcv_edge_array read_tensor(const char* path) {
  long size = 0;
  const char* content = read_file(path, &size);
  int64_t rank = 0;
  memcpy(&rank, content, sizeof rank);
  gcv_edge_array array = {sizeof array, GCV_EDGE_FLOAT32, (int32_t)rank, {0}, content + (1 + rank) * 8};
  memcpy(array.shape, content + 8, (size_t)rank * 8);
  return array;
}

static void print(const gcv_edge_result* result) {
  const char* name = NULL;
  for (size_t i = 0; (name = gcv_edge_array_name(result, i)) != NULL; ++i) {
    static const size_t bytes[] = {4, 1, 4, 8};
    gcv_edge_array array = {.size = sizeof array};
    if (gcv_edge_get(result, name, &array) != GCV_EDGE_OK) exit(4);
    size_t count = 1;
    printf("%s %d", name, (int)array.type);
    for (int axis = 0; axis < array.rank; ++axis) {
      printf(" %lld", (long long)array.shape[axis]);
      count *= (size_t)array.shape[axis];
    }
    printf("\n");
    fwrite(array.data, bytes[array.type], count, stdout);
  }
}

static gcv_edge_status run(const gcv_edge_network* network, int count, char** arguments, gcv_edge_result** results) {
  const char* manner = arguments[0];
  gcv_edge_image frames[MOST_FRAMES];
  if (strcmp(manner, "tensors") == 0) {
    gcv_edge_array arrays[8];
    const char* names[8];
    for (int i = 1; i + 1 < count; i += 2) {
      names[i / 2] = arguments[i];
      arrays[i / 2] = read_tensor(arguments[i + 1]);
    }
    return gcv_edge_run_tensors(network, names, arrays, (size_t)(count - 1) / 2, results);
  }
  if (strcmp(manner, "boxes") == 0) {
    long size = 0;
    const float* boxes = read_file(arguments[2], &size);
    frames[0] = read_frame(arguments[1]);
    return gcv_edge_run_boxes(network, frames, boxes, (size_t)size / 16, results);
  }
  for (int i = 1; i < count && i <= MOST_FRAMES; ++i) frames[i - 1] = read_frame(arguments[i]);
  if (strcmp(manner, "video") == 0) return gcv_edge_run_video(network, frames, (size_t)count - 1, results);
  if (strcmp(manner, "batch") == 0) return gcv_edge_run_batch(network, frames, (size_t)count - 1, results);
  return gcv_edge_run(network, frames, results);
}

int main(int count, char** arguments) {
  if (count < 4 || count > MOST_FRAMES + 3) return 2;
  gcv_edge_network* network = NULL;
  gcv_edge_result* results[MOST_FRAMES] = {NULL};
  if (gcv_edge_create(arguments[1], NULL, &network) != GCV_EDGE_OK ||
      run(network, count - 2, arguments + 2, results) != GCV_EDGE_OK) {
    fprintf(stderr, "%s\n", gcv_edge_error());
    return 1;
  }
  for (int i = 0; i < MOST_FRAMES && results[i] != NULL; ++i) {
    print(results[i]);
    gcv_edge_release(results[i]);
  }
  gcv_edge_destroy(network);
  return 0;
}
