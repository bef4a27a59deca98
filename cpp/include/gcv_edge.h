/* The C interface of gcv-edge, for other languages: a network is created, run on frames and destroyed.
 *
 * Every function that can fail returns a status, and leaves a text for gcv_edge_error(); no exception leaves the
 * library. Structs begin with their own size, so that later versions can add members at the end: set it to
 * sizeof the struct, and all else that you do not use to 0. Any number of threads may run one network at once; setting
 * something and destroying are not runs. Pointers must not be NULL unless it says so; one that is gives
 * GCV_EDGE_BAD_ARGUMENT.
 */
#ifndef GCV_EDGE_H
#define GCV_EDGE_H

#include <stddef.h>
#include <stdint.h>

#include "gcv_edge/version_numbers.h"

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
  GCV_EDGE_BAD_ARGUMENT = 1,  /* an argument makes no sense */
  GCV_EDGE_BAD_FILE = 2,      /* cannot be opened, damaged, or for another task */
  GCV_EDGE_BAD_METADATA = 3,  /* the file lacks what the runtime needs to know */
  GCV_EDGE_NOT_FOUND = 4,     /* there is no such file */
  GCV_EDGE_UNSUPPORTED = 5,   /* by this CPU or this network, or there is no such device */
  GCV_EDGE_ENGINE_FAILED = 6, /* the inference engine failed, or is not whole */
  GCV_EDGE_NO_MEMORY = 7,
  GCV_EDGE_FAILED = 8, /* anything else */
  GCV_EDGE_FORKED = 9  /* the network was opened before this process was forked */
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
enum { GCV_EDGE_MAX_BATCH = 65536, GCV_EDGE_MAX_COUNT = 1048576 }; /* frames of a batch; frames of a video, boxes */

typedef struct gcv_edge_network gcv_edge_network;
typedef struct gcv_edge_result gcv_edge_result;
typedef struct gcv_edge_cancellation gcv_edge_cancellation;

/* Takes a line; from any thread that uses the network. */
typedef void (*gcv_edge_log)(void* user, const char* line);

typedef struct gcv_edge_options {
  size_t size;
  int32_t precision;
  int32_t hint;
  int32_t threads;       /* 0: all that the process may use */
  int32_t streams;       /* 0: what the file says of as many CPUs, else the hint's own choice */
  const char* device;    /* "CPU", "GPU", "NPU", "AUTO"; NULL: "CPU" */
  const char* cache_dir; /* where compiled networks are kept; only you may write there. NULL: nowhere */
  int32_t requests;      /* inferences that may run at once; 0: as many as threads ask for */
  int32_t segments;      /* of an action network: clips of a video; 0: the file's own */
  gcv_edge_log log;      /* NULL: none */
  void* log_user;
  const char* engine; /* "openvino" or "onnxruntime"; NULL: the one that the library is for */
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
  const void* data; /* row after row; of a result: valid until it is released or run into */
} gcv_edge_array;

typedef struct gcv_edge_speed {
  size_t size;
  double preprocess_ms, inference_ms, postprocess_ms;
} gcv_edge_speed;

/* An input or output of a network; the texts live as long as it. */
typedef struct gcv_edge_port {
  size_t size;
  const char* name;
  const char* type; /* "float32", "uint8", ... */
  int32_t rank;
  int64_t shape[GCV_EDGE_MAX_RANK]; /* -1: only known after a run */
} gcv_edge_port;

/* Version of the library, "major.minor.patch". */
GCV_EDGE_C_API const char* gcv_edge_version(void);

/* What went wrong in this thread's last call that failed: one line. Valid until its next call. */
GCV_EDGE_C_API const char* gcv_edge_error(void);

/* Opening ---------------------------------------------------------------------------------------------------------- */

/* Open a model file for whatever task it is for. `options` may be NULL. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_create(const char* path, const gcv_edge_options* options,
                                               gcv_edge_network** network);

/* Do so with a file's content, which is copied. `name` stands for the path in messages and may be NULL. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_create_from_memory(const void* data, size_t size, const char* name,
                                                           const gcv_edge_options* options, gcv_edge_network** network);

/* A network with settings of its own that shares the compiled one. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_clone(const gcv_edge_network* network, gcv_edge_network** clone);

/* NULL does nothing. */
GCV_EDGE_C_API void gcv_edge_destroy(gcv_edge_network* network);

/* Run `runs` times on a grey frame, so that the first real frame is as fast as the next. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_warmup(const gcv_edge_network* network, int32_t runs);

/* Describing. Of NULL they say NULL or 0. -------------------------------------------------------------------------- */

/* The task as the file spells it: "detection". */
GCV_EDGE_C_API const char* gcv_edge_task(const gcv_edge_network* network);

/* Names of the classes (or key points), by id; NULL beyond the last. */
GCV_EDGE_C_API size_t gcv_edge_label_count(const gcv_edge_network* network);
GCV_EDGE_C_API const char* gcv_edge_label(const gcv_edge_network* network, size_t id);

/* What the file says of itself: the value of a key, the keys in order; NULL for none. */
GCV_EDGE_C_API const char* gcv_edge_metadata(const gcv_edge_network* network, const char* key);
GCV_EDGE_C_API const char* gcv_edge_metadata_key(const gcv_edge_network* network, size_t index);

/* The engine and its version; "f32" or "bf16"; frames computed side by side. */
GCV_EDGE_C_API const char* gcv_edge_engine(const gcv_edge_network* network);
GCV_EDGE_C_API const char* gcv_edge_precision(const gcv_edge_network* network);
GCV_EDGE_C_API int32_t gcv_edge_streams(const gcv_edge_network* network);

/* Clips of a video that an action network averages; 0 for another. */
GCV_EDGE_C_API int32_t gcv_edge_segments(const gcv_edge_network* network);

/* 1 where a depth network says metres, else 0: then only ratios of depths mean anything. */
GCV_EDGE_C_API int32_t gcv_edge_is_metric(const gcv_edge_network* network);

GCV_EDGE_C_API size_t gcv_edge_input_count(const gcv_edge_network* network);
GCV_EDGE_C_API size_t gcv_edge_output_count(const gcv_edge_network* network);
GCV_EDGE_C_API gcv_edge_status gcv_edge_get_input(const gcv_edge_network* network, size_t index, gcv_edge_port* port);
GCV_EDGE_C_API gcv_edge_status gcv_edge_get_output(const gcv_edge_network* network, size_t index, gcv_edge_port* port);

/* Setting ---------------------------------------------------------------------------------------------------------- */

/* For detection and instance segmentation: list what is over a score; for detection: as GluonCV's set_nms. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_set_confidence(gcv_edge_network* network, float confidence);
GCV_EDGE_C_API gcv_edge_status gcv_edge_set_nms(gcv_edge_network* network, float iou_threshold, int32_t nms_topk,
                                                int32_t post_nms);

/* Running ---------------------------------------------------------------------------------------------------------- */

/* Run on a frame. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_run(const gcv_edge_network* network, const gcv_edge_image* frame,
                                            gcv_edge_result** result);

/* Run on a frame, into a result of this network that you have: what it has room for is not allocated again. Where it
 * fails, the result is empty. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_run_into(const gcv_edge_network* network, const gcv_edge_image* frame,
                                                 gcv_edge_result* result);

/* Run on a frame; the result has the network's outputs as they are, by their names. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_run_outputs(const gcv_edge_network* network, const gcv_edge_image* frame,
                                                    gcv_edge_result** result);

/* Run on `count` frames at once, at most GCV_EDGE_MAX_BATCH; `results` has room for as many. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_run_batch(const gcv_edge_network* network, const gcv_edge_image* frames,
                                                  size_t count, gcv_edge_result** results);

/* For pose: run on the people in `count` boxes (x1, y1, x2, y2; pixels of the frame), at most GCV_EDGE_MAX_COUNT. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_run_boxes(const gcv_edge_network* network, const gcv_edge_image* frame,
                                                  const float* boxes, size_t count, gcv_edge_result** result);

/* For actions: run on a whole video of at most GCV_EDGE_MAX_COUNT frames. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_run_video(const gcv_edge_network* network, const gcv_edge_image* frames,
                                                  size_t count, gcv_edge_result** result);

/* For tensors: run on arrays of float32, by the names of the inputs. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_run_tensors(const gcv_edge_network* network, const char* const* names,
                                                    const gcv_edge_array* arrays, size_t count,
                                                    gcv_edge_result** result);

/* Streams ---------------------------------------------------------------------------------------------------------- */

/* One picture of a stream. `release(owner)` is called when its pixels are not needed any more, from any thread; it may
 * be NULL. The stream sets `index`. */
typedef struct gcv_edge_frame {
  size_t size;
  gcv_edge_image image;
  void* owner;
  void (*release)(void* owner);
  int64_t index;
} gcv_edge_frame;

/* Fills the next frame, all of which is 0 but the sizes. Returns 1, 0 at the end, or less where it fails, which ends
 * the stream with GCV_EDGE_FAILED. Called from one thread at a time, not the caller's. */
typedef int32_t (*gcv_edge_read)(void* user, gcv_edge_frame* frame);

/* Takes a result, in the order of the frames, on the thread that called gcv_edge_stream(): release it. Returns 1, or 0
 * to end the stream. For actions, a result is for many frames, and `frame` is NULL. */
typedef int32_t (*gcv_edge_take)(void* user, const gcv_edge_frame* frame, gcv_edge_result* result);

typedef struct gcv_edge_stream_options {
  size_t size;
  int32_t newest;                            /* 1: run on the newest frame, drop those that wait meanwhile */
  const gcv_edge_cancellation* cancellation; /* NULL: none */
} gcv_edge_stream_options;

typedef struct gcv_edge_stream_counts {
  size_t size;
  int64_t taken, dropped;
  int32_t is_cancelled;
} gcv_edge_stream_counts;

/* Run on frames as they come, until `read` or `take` ends it, or until it is cancelled. `options` and `counts` may be
 * NULL. A cancelled stream does not wait for `read`: it may still be running then, and `user` must live until it
 * returns. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_stream(const gcv_edge_network* network, gcv_edge_read read, gcv_edge_take take,
                                               void* user, const gcv_edge_stream_options* options,
                                               gcv_edge_stream_counts* counts);

/* Ends the streams that have it, from any thread, but not from a signal handler. NULL does nothing. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_create_cancellation(gcv_edge_cancellation** cancellation);
GCV_EDGE_C_API void gcv_edge_cancel(const gcv_edge_cancellation* cancellation);
GCV_EDGE_C_API void gcv_edge_destroy_cancellation(gcv_edge_cancellation* cancellation);

/* Results ---------------------------------------------------------------------------------------------------------- */

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

/* Of instance segmentation: the part of the frame that an object covers, as x, y, width and height in `region`. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_mask_region(const gcv_edge_result* result, size_t index, int32_t region[4]);

/* Its pixels in that region, 1 where the object is, else 0: rows of the region's width, `room` bytes in all at least
 * width * height. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_mask_pixels(const gcv_edge_result* result, size_t index, uint8_t* pixels,
                                                    size_t room);

/* Of embeddings: the cosine of the angle between two, -1 to 1. */
GCV_EDGE_C_API gcv_edge_status gcv_edge_similarity(const gcv_edge_result* one, const gcv_edge_result* other,
                                                   float* similarity);

/* NULL does nothing. */
GCV_EDGE_C_API void gcv_edge_release(gcv_edge_result* result);

#ifdef __cplusplus
}
#endif

#endif
