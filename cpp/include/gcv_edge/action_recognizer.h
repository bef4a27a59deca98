#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gcv_edge/classification.h"
#include "gcv_edge/export.h"
#include "gcv_edge/frame.h"
#include "gcv_edge/network.h"
#include "gcv_edge/stream_options.h"

namespace gcv {

/// Says what happens in a video: ActionRecognizer("i3d.onnx").run(frames).top(5).
class GCV_EDGE_API ActionRecognizer : public Network {
 public:
  /// `segments`: clips, spread evenly over a video, whose logits are averaged; 0 for the file's own.
  /// Throws ArgumentError if the network averages over another number of clips itself.
  explicit ActionRecognizer(const ModelSource& model, const Options& options = {}, int segments = 0);

  int segments() const { return segments_; }

  /// Run on a whole video that is in memory. Throws ArgumentError where it has no frame.
  Classification run(const std::vector<ImageView>& frames) const;

  /// Run on a whole video of which the frames that are looked at are asked for, in order, one at a time.
  Classification run(int frames, const std::function<ImageView(int index)>& frame_at) const;

  /// Say what happens in one stretch of a video after the other.
  ///
  /// A stretch has as many frames as the clips span, at least 64; what is left at the end counts if it is at least half
  /// of one, or all there is. Ends and can be cancelled as Model::stream(); `taken` counts stretches. Throws
  /// ArgumentError where the newest frames are asked for: a video without some of its frames is another one.
  StreamCounts stream(const FrameSource& read, const Taker<Classification&&>& take,
                      const StreamOptions& options = {}) const;

 private:
  int segments_;
};

}  // namespace gcv
