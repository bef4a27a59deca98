#pragma once

#include <string>
#include <utility>

#include "frame_outputs.h"
#include "gcv_edge/error.h"
#include "gcv_edge/model.h"
#include "network_state.h"
#include "preprocessing.h"
#include "stopwatch.h"
#include "streaming.h"
#include "tensors.h"
#include "turns.h"

// The members of Model. Each task's .cpp includes this and instantiates its own: template class Model<Result>.
namespace gcv {

/// Frames that wait, read and not yet inferred.
inline constexpr std::size_t kReadAhead = 4;

template <typename R>
void Model<R>::run_together(Session& session, const ImageView* frames, std::size_t count, R* results, Turns* turns,
                            RawOutputs* raw) const {
  Stopwatch watch(count);
  Session::Lease request(session);
  Crew* const crew = turns == nullptr ? session.crew() : nullptr;  // else others are being inferred
  const Preprocessing& preprocessing = state().metadata().preprocessing;
  request->geometries.clear();
  for (std::size_t i = 0; i < count; ++i) {
    const ImageView& frame = frames[i];
    check_image(frame);
    const Size size{frame.width, frame.height};
    if (preprocessing.has_own_sizes()) request->resize(preprocessing.own_size(size));
    const InputSlice slice{request->input(0), i};
    const Placement placement = fill(frame, preprocessing, slice, crew);
    request->geometries.push_back({placement, slice.size(), size, frame.format});
  }
  watch.end_preprocess();
  {
    const Turns::Turn turn(turns);
    watch.skip();
    request->infer();
  }
  watch.end_inference();
  if (raw != nullptr) copy_outputs(*request, session.outputs(), *raw);
  for (std::size_t i = 0; i < count; ++i) {
    decode(FrameOutputs{request->rows(i), request->geometries[i], crew}, results[i]);
    results[i].speed = watch.end_frame();
  }
}

template <typename R>
Size Model<R>::input_size() const {
  return state().input_size();
}

template <typename R>
R Model<R>::run(const ImageView& frame) const {
  R result;
  run_into(frame, result);
  return result;
}

template <typename R>
void Model<R>::run_into(const ImageView& frame, R& result, RawOutputs* raw) const {
  run_together(state().session(), &frame, 1, &result, nullptr, raw);
}

template <typename R>
std::vector<R> Model<R>::run_batch(const std::vector<ImageView>& frames) const {
  for (std::size_t i = 0; i < frames.size(); ++i) {
    try {
      check_image(frames[i]);
    } catch (const ArgumentError& error) {
      throw ArgumentError("frames[" + std::to_string(i) + "]: " + error.what());
    }
  }
  std::vector<R> results(frames.size());
  if (frames.empty()) return results;
  const std::shared_ptr<Session> session = state().session_for(static_cast<std::int64_t>(frames.size()));
  const auto step = static_cast<std::size_t>(session->batch());
  for (std::size_t start = 0; start < frames.size(); start += step) {
    const std::size_t count = std::min(step, frames.size() - start);
    run_together(*session, frames.data() + start, count, results.data() + start, nullptr, nullptr);
  }
  return results;
}

template <typename R>
std::future<R> Model<R>::run_async(Frame frame) const {
  const auto job = [model = copy(), frame = std::move(frame)] { return model->run(frame.image); };
  const auto task = std::make_shared<std::packaged_task<R()>>(job);
  std::future<R> future = task->get_future();
  state().workers().add([task] { (*task)(); });
  return future;
}

template <typename R>
StreamCounts Model<R>::stream(const FrameSource& read, const Take& take, const StreamOptions& options) const {
  // One more than the engine infers at once: it prepares its frame while they do. It would make the newest frame older.
  const HomeBound<Turns> turns(streams());
  const FrameLine::Work work = [this, &turns](const Frame& frame) -> std::shared_ptr<void> {
    auto result = std::make_shared<R>();
    run_together(state().session(), &frame.image, 1, result.get(), &*turns, nullptr);
    return result;
  };
  FrameLine line(read, work, {streams() + (options.newest ? 0 : 1), kReadAhead, options.newest}, options);
  StreamCounts counts;
  while (const std::shared_ptr<StreamItem> item = line.take()) {
    ++counts.taken;
    if (!take(item->frame, std::move(*static_cast<R*>(item->result.get())))) break;
  }
  counts.is_cancelled = options.cancellation.is_requested();
  counts.dropped = line.dropped();
  return counts;
}

template <typename R>
void Model<R>::warmup(int runs) const {
  if (runs < 0) throw ArgumentError("runs: found " + std::to_string(runs) + ", expected 0 or more");
  const Size size = input_size();
  const std::vector<std::uint8_t> grey(std::size_t{3} * size.width * size.height, 127);
  for (int i = 0; i < runs; ++i) run({grey.data(), size.width, size.height, std::ptrdiff_t{3} * size.width});
}

}  // namespace gcv
