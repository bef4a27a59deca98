#pragma once

#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gcv_edge/export.h"
#include "gcv_edge/frame.h"
#include "gcv_edge/image.h"
#include "gcv_edge/network.h"
#include "gcv_edge/placement.h"
#include "gcv_edge/stream_options.h"
#include "gcv_edge/tensor.h"

namespace gcv {

class Request;
class Session;
class Turns;
struct FrameOutputs;

/// A network's outputs by name.
using RawOutputs = std::map<std::string, Tensor>;

/// A network that makes a `R` of each frame.
template <typename R>
class GCV_EDGE_API Model : public Network {
 public:
  /// Width and height of the network's input; where each frame has its own, of one of 4:3.
  Size input_size() const;

  /// Run on one frame. Throws ArgumentError for a view that is no picture, EngineError where the engine fails.
  R run(const ImageView& frame) const;

  /// Do as run(), into a result of the caller's: what it has room for is not allocated again.
  ///
  /// `raw`: gets the outputs too, as the network gave them, batch and all; null for none. After an exception both hold
  /// anything.
  void run_into(const ImageView& frame, R& result, RawOutputs* raw = nullptr) const;

  /// Run on several frames at once; results are in the order of the frames.
  ///
  /// A file exported with a dynamic batch is compiled for a number of frames when that first occurs; one with a fixed
  /// batch is run as often as it takes. Throws as run(); the text names the frame.
  std::vector<R> run_batch(const std::vector<ImageView>& frames) const;

  /// Run on a frame on another thread, whose pixels must live until then: copy_frame() and `owner` see to that. The
  /// future gives what run() gives or throws. Frames wait for their turn, as many as come: bound their number.
  std::future<R> run_async(Frame frame) const;

  /// Called in order, on the thread that called stream().
  using Take = Taker<const Frame&, R&&>;

  /// Run on frames as they come, until `read` or `take` returns false, or until the stream is cancelled.
  ///
  /// Another thread reads ahead, a bounded number of frames, while streams() others are being inferred and the next is
  /// being prepared. What `read`, `take` or the engine throws ends the stream and is thrown here, once `read` has
  /// returned. A cancelled stream does not wait for that: then `read`, of which it keeps a copy, may still be running,
  /// and what it refers to must live until it returns.
  StreamCounts stream(const FrameSource& read, const Take& take, const StreamOptions& options = {}) const;

  /// Run on a grey frame, so that the first real frame is as fast as the next.
  void warmup(int runs = 1) const;

  virtual ~Model() = default;

 protected:
  Model(const ModelSource& model, Task task, const Options& options) : Network(model, task, options) {}
  Model(const Model&) = default;
  Model(Model&&) = default;
  Model& operator=(const Model&) = default;
  Model& operator=(Model&&) = default;

 private:
  /// Run frames, at most as many as the session's batch, into as many results; the inference waits for its turn.
  GCV_EDGE_HIDDEN void run_together(Session& session, const ImageView* frames, std::size_t count, R* results,
                                    Turns* turns, RawOutputs* raw) const;

  /// Make a frame's result; the outputs are gone afterwards.
  virtual void decode(const FrameOutputs& found, R& result) const = 0;

  virtual std::shared_ptr<const Model> copy() const = 0;
};

}  // namespace gcv
