/* The C interface: streams. */
#include <pthread.h>
#include <stdatomic.h>

#include "c_check.h"

struct camera {
  int left;
  int failure;
  int wrong_format;
  int ends_after;
  int64_t last;
  atomic_int released, blocked, let_go, taken;
};

static void release(void* owner) { atomic_fetch_add((atomic_int*)owner, 1); }

static int32_t read_frame(void* user, gcv_edge_frame* frame) {
  struct camera* camera = user;
  if (camera->left-- <= 0) return camera->failure;
  frame->image = red_frame();
  if (camera->wrong_format) frame->image.format = 99;
  frame->owner = &camera->released;
  frame->release = release;
  return 1;
}

static int32_t take_result(void* user, const gcv_edge_frame* frame, gcv_edge_result* result) {
  struct camera* camera = user;
  const int is_right = frame->index == camera->last + 1 && frame->image.width == 64 && floats(result, "scores")[0] == 1;
  camera->last = frame->index;
  gcv_edge_release(result);
  return atomic_fetch_add(&camera->taken, is_right ? 1 : 1000) + 1 != camera->ends_after;
}

static int check_order(const gcv_edge_network* network) {
  struct camera camera = {.left = 20, .last = -1};
  gcv_edge_stream_counts counts = {.size = sizeof counts};
  CHECK(gcv_edge_stream(network, read_frame, take_result, &camera, NULL, &counts) == GCV_EDGE_OK);
  CHECK(camera.taken == 20 && camera.released == 20 && counts.taken == 20 && counts.dropped == 0);
  struct camera ended = {.left = 500, .last = -1, .ends_after = 3};
  CHECK(gcv_edge_stream(network, read_frame, take_result, &ended, NULL, &counts) == GCV_EDGE_OK);
  CHECK(counts.taken == 3 && ended.left > 400 && counts.is_cancelled == 0);
  struct camera newest = {.left = 1, .last = -1};
  const gcv_edge_stream_options options = {.size = sizeof options, .newest = 1};
  CHECK(gcv_edge_stream(network, read_frame, take_result, &newest, &options, NULL) == GCV_EDGE_OK);
  CHECK(newest.taken == 1 && newest.released == 1);
  return 0;
}

static int check_failures(const gcv_edge_network* network) {
  struct camera broken = {.left = 2, .last = -1, .failure = -5}, wrong = {.left = 1, .wrong_format = 1};
  CHECK(gcv_edge_stream(network, read_frame, take_result, &broken, NULL, NULL) == GCV_EDGE_FAILED);
  CHECK(strcmp(gcv_edge_error(), "read: returned -5") == 0 && broken.taken == 2 && broken.released == 2);
  CHECK(gcv_edge_stream(network, read_frame, take_result, &wrong, NULL, NULL) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(wrong.released == 1);
  const gcv_edge_stream_options odd = {.size = sizeof odd, .newest = 2};
  CHECK(gcv_edge_stream(network, read_frame, take_result, &wrong, &odd, NULL) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_stream(network, NULL, take_result, &wrong, NULL, NULL) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_stream(network, read_frame, NULL, &wrong, NULL, NULL) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_stream(NULL, read_frame, take_result, &wrong, NULL, NULL) == GCV_EDGE_BAD_ARGUMENT);
  return 0;
}

static int32_t read_stuck(void* user, gcv_edge_frame* frame) {
  struct camera* camera = user;
  (void)frame;
  atomic_store(&camera->blocked, 1);
  while (!atomic_load(&camera->let_go)) {
  }
  atomic_store(&camera->blocked, 2);
  return 0;
}

struct stop {
  const gcv_edge_cancellation* cancellation;
  struct camera* camera;
};

static void* cancel(void* given) {
  const struct stop* stop = given;
  while (atomic_load(&stop->camera->blocked) == 0) {
  }
  gcv_edge_cancel(stop->cancellation);
  return NULL;
}

static int check_cancellation(const gcv_edge_network* network) {
  gcv_edge_cancellation* cancellation = NULL;
  CHECK(gcv_edge_create_cancellation(NULL) == GCV_EDGE_BAD_ARGUMENT);
  CHECK(gcv_edge_create_cancellation(&cancellation) == GCV_EDGE_OK);
  static struct camera camera; /* lives as long as read may run */
  struct stop stop = {cancellation, &camera};
  pthread_t other;
  CHECK(pthread_create(&other, NULL, cancel, &stop) == 0);
  const gcv_edge_stream_options options = {.size = sizeof options, .cancellation = cancellation};
  gcv_edge_stream_counts counts = {.size = sizeof counts};
  CHECK(gcv_edge_stream(network, read_stuck, take_result, &camera, &options, &counts) == GCV_EDGE_OK);
  CHECK(counts.is_cancelled == 1 && counts.taken == 0);
  CHECK(pthread_join(other, NULL) == 0);
  gcv_edge_destroy_cancellation(cancellation);
  atomic_store(&camera.let_go, 1);
  while (atomic_load(&camera.blocked) != 2) {
  }
  gcv_edge_cancel(NULL);
  gcv_edge_destroy_cancellation(NULL);
  return 0;
}

static int32_t take_stretch(void* user, const gcv_edge_frame* frame, gcv_edge_result* result) {
  struct camera* camera = user;
  atomic_fetch_add(&camera->taken, frame == NULL && floats(result, "logits") != NULL ? 1 : 1000);
  gcv_edge_release(result);
  return 1;
}

static int check_actions(void) {
  gcv_edge_network *network = open_network(NETWORK("clip")), *tensors = open_network(NETWORK("tensors"));
  struct camera camera = {.left = 64 + 64};
  CHECK(gcv_edge_stream(network, read_frame, take_stretch, &camera, NULL, NULL) == GCV_EDGE_OK && camera.taken == 2);
  CHECK(gcv_edge_stream(tensors, read_frame, take_stretch, &camera, NULL, NULL) == GCV_EDGE_UNSUPPORTED);
  gcv_edge_destroy(network);
  gcv_edge_destroy(tensors);
  return 0;
}

int main(void) {
  gcv_edge_network* network = open_network(NETWORK("detection"));
  CHECK(network != NULL && red_frame().pixels != NULL);
  if (check_order(network) || check_failures(network) || check_cancellation(network) || check_actions()) return 1;
  gcv_edge_destroy(network);
  return 0;
}
