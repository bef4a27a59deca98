#pragma once

#include <string>

#include "frame_outputs.h"
#include "gcv_edge/error.h"
#include "gcv_edge/model.h"
#include "network_state.h"
#include "preprocessing.h"
#include "stopwatch.h"
#include "streaming.h"
#include "turns.h"

// The members of Model. Each task's .cpp includes this and instantiates its own: template class Model<Result>.
namespace gcv {

/// Frames that wait, read and not yet inferred.
inline constexpr std::size_t kReadAhead = 4;

/// One frame's part of the outputs of a batch.
inline Outputs rows_of(const Outputs& outputs, std::size_t index) {
  Outputs rows;
  for (const auto& [name, output] : outputs) {
    const auto row = static_cast<std::int64_t>(index);
    if (output.rank() > 0 && row < output.shape[0]) rows.emplace(name, output.row(row));
  }
  return rows;
}

/// Run frames, at most as many as the session's batch, in one inference, which waits for its turn.
template <typename R, typename Decode>
void run_together(const NetworkState& state, Session& session, const ImageView* frames, std::size_t count,
                  const Decode& decode, std::vector<R>& results, Turns* turns = nullptr) {
  Stopwatch watch(count);
  Session::Lease request(session);
  Crew* const crew = turns == nullptr ? session.crew() : nullptr;  // else others are being inferred
  const Preprocessing& preprocessing = state.metadata().preprocessing;
  std::vector<FrameGeometry> geometries;
  for (std::size_t i = 0; i < count; ++i) {
    const ImageView& frame = frames[i];
    check_image(frame);
    const Size size{frame.width, frame.height};
    if (preprocessing.has_own_sizes()) request->resize(preprocessing.own_size(size));
    ov::Tensor input = request->input(0);
    const InputSlice slice{input, i};
    geometries.push_back({fill(frame, preprocessing, slice, crew), slice.size(), size, frame.format});
  }
  watch.end_preprocess();
  {
    const Turns::Turn turn(turns);
    watch.skip();
    request->infer();
  }
  watch.end_inference();
  const Outputs outputs = request->outputs();
  for (std::size_t i = 0; i < count; ++i) {
    const Outputs rows = rows_of(outputs, i);
    results.push_back(decode(FrameOutputs{rows, geometries[i], crew}));
    results.back().speed = watch.end_frame();
  }
}

template <typename R>
Size Model<R>::input_size() const {
  return state().input_size();
}

template <typename R>
R Model<R>::run_one(const ImageView& frame, Turns* turns) const {
  std::vector<R> results;
  const auto decode_frame = [this](const FrameOutputs& found) { return decode(found); };
  run_together(state(), state().session(), &frame, 1, decode_frame, results, turns);
  return std::move(results[0]);
}

template <typename R>
R Model<R>::run(const ImageView& frame) const {
  return run_one(frame, nullptr);
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
  std::vector<R> results;
  if (frames.empty()) return results;
  results.reserve(frames.size());
  const std::shared_ptr<Session> session = state().session_for(static_cast<std::int64_t>(frames.size()));
  const auto step = static_cast<std::size_t>(session->batch());
  const auto decode_frame = [this](const FrameOutputs& found) { return decode(found); };
  for (std::size_t start = 0; start < frames.size(); start += step) {
    const std::size_t count = std::min(step, frames.size() - start);
    run_together(state(), *session, frames.data() + start, count, decode_frame, results);
  }
  return results;
}

template <typename R>
void Model<R>::stream(const FrameSource& read, const Take& take) const {
  // One more than the engine infers at once: it prepares its frame while they do.
  Turns turns(streams());
  const FrameLine::Work work = [this, &turns](const Frame& frame) -> std::shared_ptr<void> {
    return std::make_shared<R>(run_one(frame.image, &turns));
  };
  FrameLine line(read, work, streams() + 1, kReadAhead);
  while (const std::shared_ptr<FrameLine::Item> item = line.take()) {
    take(item->frame, std::move(*static_cast<R*>(item->result.get())));
  }
}

template <typename R>
void Model<R>::warmup(int runs) const {
  const Size size = input_size();
  const std::vector<std::uint8_t> grey(std::size_t{3} * size.width * size.height, 127);
  for (int i = 0; i < runs; ++i) run({grey.data(), size.width, size.height, std::ptrdiff_t{3} * size.width});
}

}  // namespace gcv
