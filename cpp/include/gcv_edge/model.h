#pragma once

#include <functional>
#include <vector>

#include "gcv_edge/export.h"
#include "gcv_edge/frame.h"
#include "gcv_edge/image.h"
#include "gcv_edge/network.h"
#include "gcv_edge/placement.h"

namespace gcv {

class Turns;
struct FrameOutputs;

/// A network that makes a `R` of each frame.
template <typename R>
class GCV_EDGE_API Model : public Network {
 public:
  /// Width and height of the network's input; where each frame has its own, of one of 4:3.
  Size input_size() const;

  /// Run on one frame. Throws ArgumentError for a view that is no picture, EngineError where the engine fails.
  R run(const ImageView& frame) const;

  /// Run on several frames at once; results are in the order of the frames.
  ///
  /// A file exported with a dynamic batch is compiled for a number of frames when that first occurs; one with a fixed
  /// batch is run as often as it takes. Throws as run(); the text names the frame.
  std::vector<R> run_batch(const std::vector<ImageView>& frames) const;

  /// Called in order, on the thread that called stream().
  using Take = std::function<void(const Frame& frame, R&& result)>;

  /// Run on frames as they come, until `read` returns false.
  ///
  /// Another thread reads ahead, a bounded number of frames, while streams() others are being inferred and the next is
  /// being prepared. What `read`, `take` or the engine throws ends the stream and is thrown here, once `read` has
  /// returned.
  void stream(const FrameSource& read, const Take& take) const;

  /// Run on a grey frame, so that the first real frame is as fast as the next.
  void warmup(int runs = 1) const;

  virtual ~Model() = default;

 protected:
  Model(const std::string& path, Task task, const Options& options) : Network(path, task, options) {}
  Model(const Model&) = default;
  Model(Model&&) = default;
  Model& operator=(const Model&) = default;
  Model& operator=(Model&&) = default;

 private:
  R run_one(const ImageView& frame, Turns* turns) const;

  /// Make a frame's result; the outputs are gone afterwards.
  virtual R decode(const FrameOutputs& found) const = 0;
};

}  // namespace gcv
