/* The C interface: what networks and results say of themselves, options, networks from memory, clones. */
#include <stdlib.h>

#include "c_check.h"

#if !GCV_EDGE_VERSION_AT_LEAST(0, 1) || GCV_EDGE_VERSION_AT_LEAST(GCV_EDGE_VERSION_MAJOR, GCV_EDGE_VERSION_MINOR + 1)
#error "the version's macros contradict each other"
#endif

static int check_descriptions(void) {
  CHECK(strcmp(gcv_edge_version(), GCV_EDGE_VERSION) == 0);
  gcv_edge_network* network = open_network(NETWORK("detection"));
  CHECK(network != NULL);
  CHECK(strncmp(gcv_edge_engine(network), "openvino 20", 11) == 0 && strcmp(gcv_edge_precision(network), "f32") == 0);
  CHECK(gcv_edge_streams(network) >= 1 && gcv_edge_segments(network) == 0 && gcv_edge_is_metric(network) == 0);
  gcv_edge_port port = {.size = sizeof port};
  CHECK(gcv_edge_input_count(network) == 1 && gcv_edge_output_count(network) == 2);
  CHECK(gcv_edge_get_input(network, 0, &port) == GCV_EDGE_OK);
  CHECK(strcmp(port.type, "float32") == 0 && port.rank == 4 && port.shape[1] == 3 && port.shape[3] == 32);
  CHECK(gcv_edge_get_output(network, 1, &port) == GCV_EDGE_OK && strcmp(port.name, "scores") == 0 && port.rank == 3);
  CHECK(gcv_edge_get_output(network, 2, &port) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(strcmp(gcv_edge_metadata(network, "gcv_edge task"), "detection") == 0);
  CHECK(gcv_edge_metadata(network, "no such key") == NULL);
  size_t keys = 0;
  for (const char* key; (key = gcv_edge_metadata_key(network, keys)) != NULL; ++keys) {
    CHECK(gcv_edge_metadata(network, key) != NULL);
  }
  CHECK(keys > 5);
  gcv_edge_destroy(network);
  return 0;
}

static void count_line(void* user, const char* line) {
  if (strstr(line, ": opened for batch 1 in ") != NULL) ++*(int*)user;
}

static int check_options(void) {
  int lines = 0;
  gcv_edge_network* network = NULL;
  gcv_edge_options options = {.size = sizeof options, .device = "AUTO", .requests = 2, .log = count_line};
  options.log_user = &lines;
  CHECK(gcv_edge_create(NETWORK("detection"), &options, &network) == GCV_EDGE_OK && lines == 1);
  CHECK(gcv_edge_warmup(network, 2) == GCV_EDGE_OK && gcv_edge_warmup(network, -1) == GCV_EDGE_BAD_ARGUMENT);
  gcv_edge_destroy(network);
  const gcv_edge_options wrong[] = {
      {.size = sizeof options, .device = "TPU"}, {.size = sizeof options, .cache_dir = "/nowhere/cache"},
      {.size = sizeof options, .requests = -1},  {.size = sizeof options, .hint = 2},
      {.size = sizeof options, .precision = -1}, {.size = sizeof options, .segments = 3}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
    CHECK(gcv_edge_create(NETWORK("detection"), &wrong[i], &network) == GCV_EDGE_BAD_ARGUMENT && network == NULL);
  }
  const gcv_edge_options absent = {.size = sizeof absent, .device = "NPU.7"};
  CHECK(gcv_edge_create(NETWORK("detection"), &absent, &network) == GCV_EDGE_UNSUPPORTED);
  return 0;
}

static int check_memory(void) {
  FILE* file = fopen(NETWORK("detection"), "rb");
  CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
  const size_t size = (size_t)ftell(file);
  char* content = malloc(size);
  rewind(file);
  CHECK(content != NULL && fread(content, 1, size, file) == size);
  fclose(file);
  gcv_edge_network* network = NULL;
  CHECK(gcv_edge_create_from_memory(content, size / 2, "half", NULL, &network) == GCV_EDGE_BAD_FILE);
  CHECK(strncmp(gcv_edge_error(), "half: is truncated", 18) == 0);
  CHECK(gcv_edge_create_from_memory(NULL, size, NULL, NULL, &network) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_create_from_memory(content, 0, NULL, NULL, &network) == GCV_EDGE_BAD_FILE);
  CHECK(gcv_edge_create_from_memory(content, size, NULL, NULL, &network) == GCV_EDGE_OK);
  memset(content, 0, size);
  free(content);
  const gcv_edge_image frames[3] = {red_frame(), red_frame(), red_frame()};
  gcv_edge_result* results[3];
  CHECK(gcv_edge_run_batch(network, frames, 3, results) == GCV_EDGE_OK && floats(results[2], "scores")[0] == 1.0f);
  for (int i = 0; i < 3; ++i) gcv_edge_release(results[i]);
  gcv_edge_destroy(network);
  return 0;
}

static int check_clones(void) {
  gcv_edge_network *network = open_network(NETWORK("detection")), *strict = NULL;
  CHECK(gcv_edge_clone(network, &strict) == GCV_EDGE_OK);
  CHECK(gcv_edge_set_confidence(strict, 0.6f) == GCV_EDGE_OK);
  const gcv_edge_image frame = red_frame();
  gcv_edge_result *all = NULL, *few = NULL;
  CHECK(gcv_edge_run(network, &frame, &all) == GCV_EDGE_OK);
  gcv_edge_destroy(network);
  CHECK(gcv_edge_run(strict, &frame, &few) == GCV_EDGE_OK);
  gcv_edge_array scores = {.size = sizeof scores};
  CHECK(gcv_edge_get(all, "scores", &scores) == GCV_EDGE_OK && scores.shape[0] == 2);
  CHECK(gcv_edge_get(few, "scores", &scores) == GCV_EDGE_OK && scores.shape[0] == 1);
  CHECK(gcv_edge_run_into(strict, &frame, all) == GCV_EDGE_OK);
  CHECK(gcv_edge_get(all, "scores", &scores) == GCV_EDGE_OK && scores.shape[0] == 1);
  gcv_edge_image broken = frame;
  broken.width = -1;
  CHECK(gcv_edge_run_into(strict, &broken, all) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_get(all, "scores", &scores) == GCV_EDGE_OK && scores.shape[0] == 0);
  gcv_edge_release(all);
  gcv_edge_release(few);
  gcv_edge_destroy(strict);
  return 0;
}

static int check_outputs(void) {
  gcv_edge_network* network = open_network(NETWORK("detection"));
  const gcv_edge_image frame = red_frame();
  gcv_edge_result* raw = NULL;
  CHECK(gcv_edge_run_outputs(network, &frame, &raw) == GCV_EDGE_OK);
  gcv_edge_array boxes = {.size = sizeof boxes};
  CHECK(gcv_edge_get(raw, "boxes", &boxes) == GCV_EDGE_OK && boxes.rank == 3 && boxes.shape[0] == 1);
  CHECK(gcv_edge_run_into(network, &frame, raw) == GCV_EDGE_BAD_ARGUMENT);
  gcv_edge_release(raw);
  gcv_edge_destroy(network);
  return 0;
}

static int check_masks(void) {
  gcv_edge_network* network = open_network(NETWORK("instance_segmentation"));
  const gcv_edge_image frame = red_frame();
  gcv_edge_result* result = NULL;
  CHECK(gcv_edge_run(network, &frame, &result) == GCV_EDGE_OK);
  int32_t region[4] = {-1, -1, -1, -1};
  CHECK(gcv_edge_mask_region(result, 0, region) == GCV_EDGE_OK);
  CHECK(region[0] == 0 && region[1] == 0 && region[2] == 40 && region[3] > 10);
  const size_t room = (size_t)region[2] * (size_t)region[3];
  uint8_t* pixels = malloc(room);
  CHECK(pixels != NULL && gcv_edge_mask_pixels(result, 0, pixels, room) == GCV_EDGE_OK);
  CHECK(pixels[10 * 40 + 5] == 1 && pixels[10 * 40 + 30] == 0);
  CHECK(gcv_edge_mask_pixels(result, 0, pixels, room - 1) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_mask_pixels(result, 2, pixels, room) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_mask_region(result, (size_t)-1, region) == GCV_EDGE_BAD_ARGUMENT);
  free(pixels);
  gcv_edge_release(result);
  gcv_edge_destroy(network);
  return 0;
}

static int check_embeddings(void) {
  gcv_edge_network *network = open_network(NETWORK("embedding")), *other = open_network(NETWORK("detection"));
  const gcv_edge_image frame = red_frame();
  gcv_edge_result *one = NULL, *detections = NULL;
  CHECK(gcv_edge_run(network, &frame, &one) == GCV_EDGE_OK);
  CHECK(gcv_edge_run(other, &frame, &detections) == GCV_EDGE_OK);
  float similarity = 0;
  CHECK(gcv_edge_similarity(one, one, &similarity) == GCV_EDGE_OK && similarity > 0.999f);
  CHECK(gcv_edge_similarity(one, detections, &similarity) == GCV_EDGE_UNSUPPORTED);
  CHECK(gcv_edge_similarity(one, NULL, &similarity) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_similarity(one, one, NULL) == GCV_EDGE_BAD_ARGUMENT);
  int32_t region[4];
  CHECK(gcv_edge_mask_region(one, 0, region) == GCV_EDGE_UNSUPPORTED);
  gcv_edge_release(one);
  gcv_edge_release(detections);
  gcv_edge_destroy(network);
  gcv_edge_destroy(other);
  return 0;
}

static int check_segments(void) {
  gcv_edge_network* network = NULL;
  const gcv_edge_options two = {.size = sizeof two, .segments = 2};
  CHECK(gcv_edge_create(NETWORK("clip"), &two, &network) == GCV_EDGE_OK && gcv_edge_segments(network) == 2);
  gcv_edge_destroy(network);
  CHECK(gcv_edge_create(NETWORK("consensus"), &two, &network) == GCV_EDGE_BAD_ARGUMENT);
  return 0;
}

int main(void) {
  return check_descriptions() || check_options() || check_memory() || check_clones() || check_outputs() ||
         check_masks() || check_embeddings() || check_segments();
}
