/* The C interface: NULL for every pointer, huge counts, structs of impossible sizes. */
#include <stdlib.h>

#include "c_check.h"

#define REFUSED(call) CHECK((call) == GCV_EDGE_BAD_ARGUMENT && gcv_edge_error()[0] != '\0')

static int check_null(gcv_edge_network* network, const gcv_edge_result* result) {
  const gcv_edge_image frame = red_frame();
  gcv_edge_network* other = NULL;
  gcv_edge_result* made = NULL;
  gcv_edge_port port = {.size = sizeof port};
  gcv_edge_array array = {.size = sizeof array};
  gcv_edge_speed speed = {.size = sizeof speed};
  const char* names[] = {NULL};
  REFUSED(gcv_edge_create(NULL, NULL, &other));
  REFUSED(gcv_edge_create(NETWORK("detection"), NULL, NULL));
  REFUSED(gcv_edge_create_from_memory(NULL, 5, NULL, NULL, &other));
  REFUSED(gcv_edge_create_from_memory("x", 1, NULL, NULL, NULL));
  REFUSED(gcv_edge_clone(NULL, &other));
  REFUSED(gcv_edge_clone(network, NULL));
  REFUSED(gcv_edge_warmup(NULL, 1));
  REFUSED(gcv_edge_get_input(NULL, 0, &port));
  REFUSED(gcv_edge_get_input(network, 0, NULL));
  REFUSED(gcv_edge_get_output(network, 0, NULL));
  REFUSED(gcv_edge_set_confidence(NULL, 0.5f));
  REFUSED(gcv_edge_set_nms(NULL, 0.5f, 1, 1));
  REFUSED(gcv_edge_run(NULL, &frame, &made));
  REFUSED(gcv_edge_run(network, NULL, &made));
  REFUSED(gcv_edge_run(network, &frame, NULL));
  REFUSED(gcv_edge_run_into(NULL, &frame, NULL));
  REFUSED(gcv_edge_run_into(network, &frame, NULL));
  REFUSED(gcv_edge_run_outputs(network, NULL, &made));
  REFUSED(gcv_edge_run_outputs(NULL, &frame, &made));
  REFUSED(gcv_edge_run_batch(network, NULL, 1, &made));
  REFUSED(gcv_edge_run_batch(network, &frame, 1, NULL));
  REFUSED(gcv_edge_run_batch(NULL, &frame, 1, &made));
  REFUSED(gcv_edge_run_boxes(network, &frame, NULL, 1, &made));
  REFUSED(gcv_edge_run_boxes(NULL, &frame, NULL, 0, &made));
  REFUSED(gcv_edge_run_video(network, NULL, 1, &made));
  REFUSED(gcv_edge_run_tensors(network, NULL, &array, 1, &made));
  REFUSED(gcv_edge_run_tensors(network, names, &array, 1, &made));
  REFUSED(gcv_edge_get(NULL, "scores", &array));
  REFUSED(gcv_edge_get(result, NULL, &array));
  REFUSED(gcv_edge_get(result, "scores", NULL));
  REFUSED(gcv_edge_get_speed(NULL, &speed));
  REFUSED(gcv_edge_get_speed(result, NULL));
  REFUSED(gcv_edge_mask_region(NULL, 0, NULL));
  REFUSED(gcv_edge_mask_pixels(NULL, 0, NULL, 0));
  CHECK(made == NULL && other == NULL);
  CHECK(gcv_edge_task(NULL) == NULL && gcv_edge_label(NULL, 0) == NULL && gcv_edge_label_count(NULL) == 0);
  CHECK(gcv_edge_metadata(NULL, "x") == NULL && gcv_edge_metadata(network, NULL) == NULL);
  CHECK(gcv_edge_metadata_key(NULL, 0) == NULL && gcv_edge_metadata_key(network, SIZE_MAX) == NULL);
  CHECK(gcv_edge_engine(NULL) == NULL && gcv_edge_precision(NULL) == NULL && gcv_edge_streams(NULL) == 0);
  CHECK(gcv_edge_segments(NULL) == 0 && gcv_edge_is_metric(NULL) == 0 && gcv_edge_array_name(NULL, 0) == NULL);
  CHECK(gcv_edge_input_count(NULL) == 0 && gcv_edge_output_count(NULL) == 0);
  gcv_edge_destroy(NULL);
  gcv_edge_release(NULL);
  return 0;
}

static int check_counts(gcv_edge_network* network) {
  const gcv_edge_image frame = red_frame();
  const float box[4] = {0, 0, 1, 1};
  gcv_edge_result* made = NULL;
  gcv_edge_port port = {.size = sizeof port};
  const size_t huge[] = {SIZE_MAX, SIZE_MAX / sizeof frame, (size_t)GCV_EDGE_MAX_COUNT + 1};
  for (size_t i = 0; i < sizeof huge / sizeof huge[0]; ++i) {
    REFUSED(gcv_edge_run_batch(network, &frame, huge[i], &made));
    REFUSED(gcv_edge_run_boxes(network, &frame, box, huge[i], &made));
    REFUSED(gcv_edge_run_video(network, &frame, huge[i], &made));
    REFUSED(gcv_edge_run_tensors(network, NULL, NULL, huge[i], &made));
    REFUSED(gcv_edge_get_input(network, huge[i], &port));
    CHECK(gcv_edge_label(network, huge[i]) == NULL);
  }
  CHECK(strncmp(gcv_edge_error(), "index: found 1048577, expected one below 1", 42) == 0);
  CHECK(gcv_edge_run_batch(network, NULL, 0, NULL) == GCV_EDGE_OK);
  CHECK(gcv_edge_create_from_memory("x", 1, NULL, NULL, &network) == GCV_EDGE_BAD_FILE);
  return 0;
}

static int32_t read_nothing(void* user, gcv_edge_frame* frame) {
  (void)user;
  (void)frame;
  return 0;
}

static int32_t take_nothing(void* user, const gcv_edge_frame* frame, gcv_edge_result* result) {
  (void)user;
  (void)frame;
  gcv_edge_release(result);
  return 1;
}

/* Every size from nothing to one byte over: no read or write beyond it, which the sanitizers see. */
static int check_sizes(const gcv_edge_network* network, const gcv_edge_result* result) {
  const size_t wrong[] = {0, 1, sizeof(size_t) - 1, 4097, SIZE_MAX};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
    const gcv_edge_options options = {.size = wrong[i]};
    const gcv_edge_stream_options streaming = {.size = wrong[i]};
    gcv_edge_image frame = red_frame();
    gcv_edge_array array = {.size = wrong[i]};
    gcv_edge_port port = {.size = wrong[i]};
    gcv_edge_speed speed = {.size = wrong[i]};
    gcv_edge_stream_counts counts = {.size = wrong[i]};
    gcv_edge_result* made = NULL;
    gcv_edge_network* other = NULL;
    frame.size = wrong[i];
    REFUSED(gcv_edge_create(NETWORK("detection"), &options, &other));
    REFUSED(gcv_edge_run(network, &frame, &made));
    REFUSED(gcv_edge_run_batch(network, &frame, 1, &made));
    REFUSED(gcv_edge_get(result, "scores", &array));
    REFUSED(gcv_edge_get_input(network, 0, &port));
    REFUSED(gcv_edge_get_speed(result, &speed));
    REFUSED(gcv_edge_stream(network, read_nothing, take_nothing, NULL, &streaming, NULL));
    REFUSED(gcv_edge_stream(network, read_nothing, take_nothing, NULL, NULL, &counts));
  }
  for (size_t size = sizeof(size_t); size <= sizeof(gcv_edge_port) + 1; ++size) {
    size_t* memory = malloc(size);
    CHECK(memory != NULL);
    *memory = size;
    CHECK(gcv_edge_get_input(network, 0, (gcv_edge_port*)memory) == GCV_EDGE_OK && *memory == size);
    CHECK(gcv_edge_get(result, "scores", (gcv_edge_array*)memory) == GCV_EDGE_OK && *memory == size);
    CHECK(gcv_edge_get_speed(result, (gcv_edge_speed*)memory) == GCV_EDGE_OK && *memory == size);
    free(memory);
  }
  return 0;
}

int main(void) {
  gcv_edge_network* network = open_network(NETWORK("detection"));
  const gcv_edge_image frame = red_frame();
  gcv_edge_result* result = NULL;
  CHECK(network != NULL && gcv_edge_run(network, &frame, &result) == GCV_EDGE_OK);
  if (check_null(network, result) || check_counts(network) || check_sizes(network, result)) return 1;
  gcv_edge_release(result);
  gcv_edge_destroy(network);
  return 0;
}
