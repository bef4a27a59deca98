#ifndef C_CHECK_H
#define C_CHECK_H

#include <gcv_edge.h>
#include <stdio.h>
#include <string.h>

#define NETWORK(name) GCV_EDGE_NETWORKS "/" name ".onnx"
#define CHECK(condition)                                                                      \
  do {                                                                                        \
    if (!(condition)) {                                                                       \
      printf("FAILED line %d: %s; last error: %s\n", __LINE__, #condition, gcv_edge_error()); \
      return 1;                                                                               \
    }                                                                                         \
  } while (0)

/* A frame of 64x64 BGR pixels, all red; the first call makes it, before there are threads. */
static inline gcv_edge_image red_frame(void) {
  static uint8_t pixels[64 * 64 * 3];
  gcv_edge_image frame = {.size = sizeof frame, .pixels = pixels, .width = 64, .height = 64};
  for (size_t i = 2; i < sizeof pixels && pixels[i] == 0; i += 3) pixels[i] = 255;
  return frame;
}

static inline gcv_edge_network* open_network(const char* path) {
  gcv_edge_network* network = NULL;
  return gcv_edge_create(path, NULL, &network) == GCV_EDGE_OK ? network : NULL;
}

static inline const float* floats(const gcv_edge_result* result, const char* name) {
  gcv_edge_array array = {.size = sizeof array};
  return gcv_edge_get(result, name, &array) == GCV_EDGE_OK ? array.data : NULL;
}

#endif
