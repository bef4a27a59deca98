#pragma once

#include <string>
#include <vector>

#include "gcv_edge/classification.h"
#include "gcv_edge/depth_map.h"
#include "gcv_edge/export.h"
#include "gcv_edge/labels.h"
#include "gcv_edge/metadata.h"
#include "gcv_edge/nms.h"
#include "gcv_edge/person_crop.h"
#include "gcv_edge/preprocess.h"
#include "gcv_edge/task.h"

namespace gcv {

/// How a frame becomes the network's input.
struct Preprocessing {
  Normalization normalization;
  std::string resize_type = "standard";  ///< as place() takes it
  int crop_short = 0;
  int crop_wide = 0;
  int short_side = 0;  ///< the input has a size of its own for each frame: fit_sides(); 0: its size is fixed
  int long_side = 0;
  Interpolation interpolation = Interpolation::bilinear;
  BoxRule box_rule = BoxRule::grown;  ///< of poses

  /// Whether the input has a size of its own for each frame.
  bool has_own_sizes() const { return short_side > 0; }

  /// Size of the input that a frame of a size becomes, where each has its own.
  Size own_size(Size frame) const { return fit_sides(frame, short_side, long_side); }

  /// The same for a frame of 4:3, where a size must be told before there is a frame.
  Size usual_size() const { return own_size({4000, 3000}); }

  /// Where a frame of a size lands in an input of a size.
  Placement place(Size frame, Size input) const { return gcv::place(resize_type, frame, input, crop_short, crop_wide); }
};

/// Post-processing of a detector.
struct DetectionSettings : NmsSettings {
  bool nms_in_graph = false;  ///< the graph gives the final list; only score_threshold counts
};

/// Which frames of a video a network for actions looks at.
struct ClipSettings {
  std::vector<int> offsets{0};  ///< frames of a clip, counted from its start, in the order the network takes them
  int window = 1;               ///< frames of the video that a clip spans
  int segments = 1;             ///< clips, spread evenly over the video, whose logits are averaged
  bool in_graph = false;        ///< the network averages itself: its batch is `segments` pictures
};

/// Values of black and white in a network's picture.
struct ImageSettings {
  float low = 0;
  float high = 1;
};

/// How a file ran best where it was measured, as gcv-edge optimize writes it.
struct RunSettings {
  std::string precision;  ///< "f32" or "bf16"; empty: not known
  int batch = 0;          ///< with many frames at once: frames per inference; 0: not known, as the next two
  int streams = 0;        ///< frames, or batches of them, computed side by side
  int cpus = 0;           ///< CPUs that batch and streams were measured with
};

/// All that a runtime needs to know beside the graph; docs/model-file.md describes the keys.
struct ModelMetadata {
  Task task = Task::tensors;
  Labels labels;
  Preprocessing preprocessing;
  DetectionSettings detection;                  ///< of detection and instance segmentation
  ClipSettings clip;                            ///< of actions
  Activation activation = Activation::softmax;  ///< of classification and actions
  DepthSettings depth;                          ///< of depth
  ImageSettings image;                          ///< of pictures made from pictures
  RunSettings run;                              ///< what is best here too, where the caller leaves it open
  std::string source;                           ///< what it was exported from
  std::string source_hash;                      ///< SHA-256 of that and of the options, hexadecimal
  std::string variant;                          ///< precision and pruning in a word: "fp32", "int8"
  std::string version;                          ///< gcv-edge's version that wrote the file
};

/// Make sense of the strings that read_metadata() gives. `path` is for messages.
///
/// Throws MetadataError if a key is missing or its value makes no sense; the text names key, value and cure.
GCV_EDGE_API ModelMetadata parse_metadata(const Metadata& entries, const std::string& path);

}  // namespace gcv
