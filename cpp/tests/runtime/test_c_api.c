/* The C interface, from C. */
#include "c_check.h"

static int check_detection(void) {
  gcv_edge_network* network = NULL;
  const gcv_edge_options options = {.size = sizeof options, .threads = 1};
  CHECK(gcv_edge_create(NETWORK("detection"), &options, &network) == GCV_EDGE_OK);
  CHECK(strcmp(gcv_edge_task(network), "detection") == 0);
  CHECK(gcv_edge_label_count(network) == 3 && strcmp(gcv_edge_label(network, 2), "blue") == 0);
  CHECK(gcv_edge_label(network, 3) == NULL);
  const gcv_edge_image frames[2] = {red_frame(), red_frame()};
  gcv_edge_result *result = NULL, *results[2];
  CHECK(gcv_edge_run(network, frames, &result) == GCV_EDGE_OK);
  gcv_edge_array scores = {.size = sizeof scores}, boxes = {.size = sizeof boxes};
  CHECK(gcv_edge_get(result, "scores", &scores) == GCV_EDGE_OK);
  CHECK(scores.type == GCV_EDGE_FLOAT32 && scores.rank == 1 && scores.shape[0] == 2);
  CHECK(((const float*)scores.data)[0] == 1.0f && ((const float*)scores.data)[1] == 0.5f);
  CHECK(gcv_edge_get(result, "boxes", &boxes) == GCV_EDGE_OK);
  CHECK(boxes.rank == 2 && boxes.shape[1] == 4 && ((const float*)boxes.data)[7] == 64);
  CHECK(gcv_edge_get(result, "masks", &boxes) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(strcmp(gcv_edge_error(), "name: found 'masks', expected one of boxes, scores, class_ids") == 0);
  CHECK(gcv_edge_array_name(result, 2) != NULL && gcv_edge_array_name(result, 3) == NULL);
  gcv_edge_speed speed = {sizeof speed, 0, 0, 0};
  CHECK(gcv_edge_get_speed(result, &speed) == GCV_EDGE_OK && speed.inference_ms > 0);
  gcv_edge_release(result);
  CHECK(gcv_edge_run_batch(network, frames, 2, results) == GCV_EDGE_OK);
  CHECK(gcv_edge_get(results[1], "scores", &scores) == GCV_EDGE_OK && scores.shape[0] == 2);
  gcv_edge_release(results[0]);
  gcv_edge_release(results[1]);
  CHECK(gcv_edge_set_confidence(network, 0.6f) == GCV_EDGE_OK);
  CHECK(gcv_edge_set_nms(network, 1, -1, -1) == GCV_EDGE_OK);
  CHECK(gcv_edge_run(network, frames, &result) == GCV_EDGE_OK);
  CHECK(gcv_edge_get(result, "scores", &scores) == GCV_EDGE_OK && scores.shape[0] == 2);
  gcv_edge_release(result);
  gcv_edge_destroy(network);
  return 0;
}

/* A caller of an older version has shorter structs; one of a newer version longer ones. */
static int check_versions(void) {
  gcv_edge_network* network = NULL;
  size_t old_options[2] = {sizeof old_options, 0};
  CHECK(gcv_edge_create(NETWORK("detection"), (const gcv_edge_options*)old_options, &network) == GCV_EDGE_OK);
  struct {
    gcv_edge_image image;
    char more[24];
  } frames[2] = {{red_frame(), {1}}, {red_frame(), {1}}};
  frames[0].image.size = frames[1].image.size = sizeof frames[0];
  gcv_edge_result* results[2];
  CHECK(gcv_edge_run_batch(network, &frames[0].image, 2, results) == GCV_EDGE_OK);
  struct {
    size_t size;
    int32_t type, rank;
    int64_t guard;
  } short_array = {16, 0, 0, 42};
  CHECK(gcv_edge_get(results[1], "scores", (gcv_edge_array*)&short_array) == GCV_EDGE_OK);
  CHECK(short_array.rank == 1 && short_array.guard == 42 && short_array.size == 16);
  gcv_edge_release(results[0]);
  gcv_edge_release(results[1]);
  gcv_edge_destroy(network);
  return 0;
}

/* A camera's planes may lie apart; strides that make no sense are refused, whatever the plane. */
static int check_planes(void) {
  static uint8_t luma[64 * 80], chroma[32 * 96], together[64 * 96];
  for (int y = 0; y < 64; ++y) memset(together + 64 * y, 3 * y, 64), memset(luma + 80 * y, 3 * y, 64);
  for (int y = 0; y < 32; ++y) memset(together + 64 * (64 + y), 7 * y, 64), memset(chroma + 96 * y, 7 * y, 64);
  gcv_edge_image one = {.size = sizeof one, .pixels = together, .width = 64, .height = 64, .format = GCV_EDGE_NV12};
  one.matrix = GCV_EDGE_BT709;
  one.range = GCV_EDGE_FULL_RANGE;
  gcv_edge_image apart = one;
  apart.pixels = luma;
  apart.stride = 80;
  apart.chroma[0] = chroma;
  apart.chroma_strides[0] = 96;
  gcv_edge_network* network = NULL;
  gcv_edge_result *first = NULL, *second = NULL;
  gcv_edge_array expected = {.size = sizeof expected}, found = {.size = sizeof found};
  CHECK(gcv_edge_create(NETWORK("regression"), NULL, &network) == GCV_EDGE_OK);
  CHECK(gcv_edge_run(network, &one, &first) == GCV_EDGE_OK);
  CHECK(gcv_edge_run(network, &apart, &second) == GCV_EDGE_OK);
  CHECK(gcv_edge_get(first, "values", &expected) == GCV_EDGE_OK &&
        gcv_edge_get(second, "values", &found) == GCV_EDGE_OK);
  CHECK(memcmp(expected.data, found.data, 3 * sizeof(float)) == 0);
  gcv_edge_release(first);
  gcv_edge_release(second);
  apart.chroma_strides[0] = 63;
  CHECK(gcv_edge_run(network, &apart, &first) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(strcmp(gcv_edge_error(), "chroma[0] stride: found 63, expected 0 or at least 64") == 0);
  one.stride = 63;
  CHECK(gcv_edge_run(network, &one, &first) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(strcmp(gcv_edge_error(), "frame stride: found 63, expected 0 or at least 64") == 0);
  one.stride = PTRDIFF_MAX;
  CHECK(gcv_edge_run(network, &one, &first) == GCV_EDGE_BAD_ARGUMENT);
  one.stride = 0;
  one.matrix = 2;
  CHECK(gcv_edge_run(network, &one, &first) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(strcmp(gcv_edge_error(), "matrix: found number 2, expected 0 to 1") == 0);
  one.matrix = 0;
  one.format = 10;
  CHECK(gcv_edge_run(network, &one, &first) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(strcmp(gcv_edge_error(), "pixel_format: found number 10, expected 0 to 9") == 0);
  gcv_edge_destroy(network);
  return 0;
}

static int check_tensors(void) {
  gcv_edge_network* network = NULL;
  gcv_edge_result* result = NULL;
  CHECK(gcv_edge_create(NETWORK("tensors"), NULL, &network) == GCV_EDGE_OK);
  static float values[3 * 32 * 32] = {7, 8};
  const char* names[] = {"data"};
  gcv_edge_array data = {sizeof data, GCV_EDGE_FLOAT32, 4, {1, 3, 32, 32}, values}, same = {.size = sizeof same};
  CHECK(gcv_edge_run_tensors(network, names, &data, 1, &result) == GCV_EDGE_OK);
  CHECK(gcv_edge_get(result, "same", &same) == GCV_EDGE_OK && same.rank == 4);
  CHECK(memcmp(same.data, values, sizeof values) == 0);
  gcv_edge_release(result);
  const gcv_edge_image frame = red_frame();
  CHECK(gcv_edge_run(network, &frame, &result) == GCV_EDGE_UNSUPPORTED && result == NULL);
  CHECK(strstr(gcv_edge_error(), "running on a frame is not supported by a network for tensors") != NULL);
  gcv_edge_destroy(network);
  return 0;
}

static int check_numbers(void) {
  gcv_edge_network* network = NULL;
  gcv_edge_result* result = NULL;
  const gcv_edge_image frame = red_frame();
  gcv_edge_array values = {.size = sizeof values};
  CHECK(gcv_edge_create(NETWORK("regression"), NULL, &network) == GCV_EDGE_OK);
  CHECK(strcmp(gcv_edge_task(network), "regression") == 0);
  CHECK(gcv_edge_run(network, &frame, &result) == GCV_EDGE_OK);
  CHECK(gcv_edge_get(result, "values", &values) == GCV_EDGE_OK && values.rank == 1 && values.shape[0] == 3);
  CHECK(((const float*)values.data)[0] == 2.0f);
  gcv_edge_release(result);
  gcv_edge_destroy(network);
  CHECK(gcv_edge_create(NETWORK("labelling"), NULL, &network) == GCV_EDGE_OK);
  CHECK(gcv_edge_run(network, &frame, &result) == GCV_EDGE_OK);
  CHECK(gcv_edge_get(result, "probabilities", &values) == GCV_EDGE_OK);
  CHECK(((const float*)values.data)[1] == 0.5f && ((const float*)values.data)[0] > 0.73f);
  gcv_edge_release(result);
  gcv_edge_destroy(network);
  return 0;
}

static int check_refusals(void) {
  gcv_edge_network* network = NULL;
  gcv_edge_result* result = NULL;
  CHECK(gcv_edge_create("/nowhere.onnx", NULL, &network) == GCV_EDGE_NOT_FOUND && network == NULL);
  CHECK(strcmp(gcv_edge_error(), "/nowhere.onnx: no such file") == 0);
  CHECK(gcv_edge_create(__FILE__, NULL, &network) == GCV_EDGE_BAD_FILE);
  CHECK(gcv_edge_create(NULL, NULL, &network) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_create(NETWORK("detection"), NULL, NULL) == GCV_EDGE_BAD_ARGUMENT);
  const gcv_edge_options unsized = {.size = 0}, odd = {.size = sizeof odd, .precision = 9};
  CHECK(gcv_edge_create(NETWORK("detection"), &unsized, &network) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_create(NETWORK("detection"), &odd, &network) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_create(NETWORK("pose"), NULL, &network) == GCV_EDGE_OK);
  CHECK(gcv_edge_set_nms(network, 0.5f, 1, 1) == GCV_EDGE_UNSUPPORTED);
  gcv_edge_image frame = red_frame();
  const float box[4] = {5, 5, 1, 1};
  CHECK(gcv_edge_run_boxes(network, &frame, box, 1, &result) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_run_boxes(network, &frame, NULL, 0, &result) == GCV_EDGE_OK);
  gcv_edge_release(result);
  frame.format = 77;
  CHECK(gcv_edge_run(network, &frame, &result) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_run(network, NULL, &result) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_run(NULL, &frame, &result) == GCV_EDGE_BAD_ARGUMENT);
  gcv_edge_destroy(network);
  gcv_edge_destroy(NULL);
  gcv_edge_release(NULL);
  return 0;
}

int main(void) {
  if (check_detection() || check_versions() || check_planes() || check_tensors() || check_numbers() || check_refusals())
    return 1;
  printf("gcv-edge %s\n", gcv_edge_version());
  return 0;
}
