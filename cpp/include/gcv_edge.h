/* The C interface of gcv-edge, for other languages: a network is created, run on frames and destroyed.
 *
 * Every function that can fail returns a status, and leaves a text for gcv_edge_error(); no exception leaves the
 * library. Structs begin with their own size, so that later versions can add members at the end: set it to
 * sizeof the struct. Any number of threads may run one network at once; setting something and destroying are not runs.
 */
#ifndef GCV_EDGE_H
#define GCV_EDGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __GNUC__
#define GCV_EDGE_C_API __attribute__((visibility("default")))
#else
#define GCV_EDGE_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gcv_edge_status {
  GCV_EDGE_OK = 0,
  GCV_EDGE_BAD_ARGUMENT = 1, /* an argument makes no sense */
  GCV_EDGE_BAD_FILE = 2,     /* no model file, damaged, or for another task */
  GCV_EDGE_BAD_METADATA = 3, /* the file lacks what the runtime needs to know */
  GCV_EDGE_NOT_FOUND = 4,    /* there is no such file */
  GCV_EDGE_UNSUPPORTED = 5,  /* by this CPU or this network */
  GCV_EDGE_ENGINE_FAILED = 6,
  GCV_EDGE_NO_MEMORY = 7,
  GCV_EDGE_FAILED = 8 /* anything else */
} gcv_edge_status;

enum { GCV_EDGE_F32 = 0, GCV_EDGE_BF16 = 1, GCV_EDGE_AUTOMATIC = 2 }; /* precision */
enum { GCV_EDGE_LATENCY = 0, GCV_EDGE_THROUGHPUT = 1 };               /* hint */
/* format; gcv_edge/image.h says how the planes of cameras' formats lie */
enum { GCV_EDGE_BGR = 0, GCV_EDGE_RGB = 1, GCV_EDGE_GRAY = 2, GCV_EDGE_BGRA = 3, GCV_EDGE_RGBA = 4 };
enum { GCV_EDGE_NV12 = 5, GCV_EDGE_NV21 = 6, GCV_EDGE_I420 = 7, GCV_EDGE_YUYV = 8, GCV_EDGE_UYVY = 9 };
enum { GCV_EDGE_BT601 = 0, GCV_EDGE_BT709 = 1 };                                           /* matrix */
enum { GCV_EDGE_LIMITED_RANGE = 0, GCV_EDGE_FULL_RANGE = 1 };                              /* range */
enum { GCV_EDGE_FLOAT32 = 0, GCV_EDGE_UINT8 = 1, GCV_EDGE_INT32 = 2, GCV_EDGE_OTHER = 3 }; /* type of numbers */
enum { GCV_EDGE_MAX_RANK = 8 };

typedef struct gcv_edge_network gcv_edge_network;
typedef struct gcv_edge_result gcv_edge_result;

typedef struct gcv_edge_options {
  size_t size;
  int32_t precision;
  int32_t hint;
  int32_t threads; /* 0: all that the process may use */
  int32_t streams; /* 0: the hint's own choice */
} gcv_edge_options;

typedef struct gcv_edge_image {
  size_t size;
  const uint8_t* pixels; /* top-left pixel */
  int32_t width, height;
  ptrdiff_t stride; /* bytes from a row to the next; negative where rows run upwards; 0: rows without gaps */
  int32_t format;
  const uint8_t* chroma[2]; /* further planes; NULL: each follows the one before it without a gap */
  ptrdiff_t chroma_strides[2];
  int32_t matrix, range; /* of luma and chroma */
} gcv_edge_image;

typedef struct gcv_edge_array {
  size_t size;
  int32_t type;
  int32_t rank;
  int64_t shape[GCV_EDGE_MAX_RANK];
  const void* data; /* row after row; of a result: valid until it is released */
} gcv_edge_array;

typedef struct gcv_edge_speed {
  size_t size;
  double preprocess_ms, inference_ms, postprocess_ms;
} gcv_edge_speed;

/* Version of the library, "major.minor.patch". */
GCV_EDGE_C_API const char* gcv_edge_version(void);

/* What went wrong in this thread's last call that failed: one line. Valid until its next call. */
GCV_EDGE_C_API const char* gcv_edge_error(void);

/* Open a model file for whatever task it is for. `options` may be NULL. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_create(const char* path, const gcv_edge_options* options,
                                               gcv_edge_network** network);
GCV_EDGE_C_API void gcv_edge_destroy(gcv_edge_network* network);

/* The task as the file spells it: "detection". */
GCV_EDGE_C_API const char* gcv_edge_task(const gcv_edge_network* network);

/* Names of the classes (or key points), by id; NULL beyond the last. */
GCV_EDGE_C_API size_t gcv_edge_label_count(const gcv_edge_network* network);
GCV_EDGE_C_API const char* gcv_edge_label(const gcv_edge_network* network, size_t id);

/* For detection and instance segmentation: list what is over a score; for detection: as GluonCV's set_nms. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_set_confidence(gcv_edge_network* network, float confidence);
GCV_EDGE_C_API gcv_edge_status gcv_edge_set_nms(gcv_edge_network* network, float iou_threshold, int32_t nms_topk,
                                                int32_t post_nms);

/* Run on a frame. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_run(const gcv_edge_network* network, const gcv_edge_image* frame,
                                            gcv_edge_result** result);

/* Run on `count` frames at once; `results` has room for as many. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_run_batch(const gcv_edge_network* network, const gcv_edge_image* frames,
                                                  size_t count, gcv_edge_result** results);

/* For pose: run on the people in `count` boxes (x1, y1, x2, y2; pixels of the frame). */
GCV_EDGE_C_API gcv_edge_status gcv_edge_run_boxes(const gcv_edge_network* network, const gcv_edge_image* frame,
                                                  const float* boxes, size_t count, gcv_edge_result** result);

/* For actions: run on a whole video. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_run_video(const gcv_edge_network* network, const gcv_edge_image* frames,
                                                  size_t count, gcv_edge_result** result);

/* For tensors: run on arrays of float32, by the names of the inputs. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_run_tensors(const gcv_edge_network* network, const char* const* names,
                                                    const gcv_edge_array* arrays, size_t count,
                                                    gcv_edge_result** result);

/* Look at one of a result's arrays. By task:
 *   detection              boxes [n, 4], scores [n], class_ids [n] (int32)
 *   instance_segmentation  the same, masks [n, h, w], extents [n, 4]
 *   classification, action logits [C], probabilities [C]: softmax or sigmoid of them as the file says, or the same
 *   segmentation           class_map [h, w] (uint8, or int32 for over 256 classes)
 *   pose                   keypoints [n, K, 2], scores [n, K], boxes [n, 4]
 *   depth                  disparity [h, w], depth [h, w]
 *   embedding              vector [C]
 *   regression             values [C]
 *   image_to_image         pixels [h, w, channels] (uint8)
 *   tensors                the outputs by their names
 */
GCV_EDGE_C_API gcv_edge_status gcv_edge_get(const gcv_edge_result* result, const char* name, gcv_edge_array* array);

/* Names of a result's arrays; NULL beyond the last. */
GCV_EDGE_C_API const char* gcv_edge_array_name(const gcv_edge_result* result, size_t index);

GCV_EDGE_C_API gcv_edge_status gcv_edge_get_speed(const gcv_edge_result* result, gcv_edge_speed* speed);
GCV_EDGE_C_API void gcv_edge_release(gcv_edge_result* result);

#ifdef __cplusplus
}
#endif

#endif
