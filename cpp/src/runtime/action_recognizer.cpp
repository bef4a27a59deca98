#include "gcv_edge/action_recognizer.h"

#include <algorithm>
#include <map>

#include "decoding.h"
#include "gcv_edge/clips.h"
#include "gcv_edge/error.h"
#include "network_state.h"
#include "preprocessing.h"
#include "stopwatch.h"

namespace gcv {
namespace {

/// Frames of a stream that make one result at least: two seconds and a half of most videos.
constexpr std::int64_t kShortestStretch = 64;

/// A batch that is being filled.
struct Batch {
  ov::Tensor input;
  std::size_t missing;
};

/// Where a frame belongs.
struct Place {
  std::size_t batch, row, moment;
};

/// Frames that are looked at, in order, and where each belongs; `rows` clips make a batch.
std::map<int, std::vector<Place>> plan(const std::vector<std::vector<std::int32_t>>& clips, std::size_t rows) {
  std::map<int, std::vector<Place>> places;
  for (std::size_t clip = 0; clip < clips.size(); ++clip) {
    for (std::size_t moment = 0; moment < clips[clip].size(); ++moment) {
      places[clips[clip][moment]].push_back({clip / rows, clip % rows, moment});
    }
  }
  return places;
}

/// Repeat the first rows of a batch until it is full, as numpy.resize does.
void copy_repeated(const ov::Tensor& rows, ov::Tensor batch) {
  const auto* from = static_cast<const unsigned char*>(rows.data());
  auto* to = static_cast<unsigned char*>(batch.data());
  for (std::size_t done = 0; done < batch.get_byte_size(); done += rows.get_byte_size()) {
    std::copy_n(from, std::min(rows.get_byte_size(), batch.get_byte_size() - done), to + done);
  }
}

/// Runs the clips of one video and averages their logits.
class VideoRun {
 public:
  VideoRun(NetworkState& state, std::size_t rows, std::size_t batches)
      : state_(state), rows_(rows), session_(state.session_for(static_cast<std::int64_t>(rows))), results_(batches) {}

  void add(const ImageView& frame, const Place& place) {
    auto found = filling_.find(place.batch);
    if (found == filling_.end()) found = filling_.emplace(place.batch, new_batch()).first;
    Batch& batch = found->second;
    Stopwatch watch;
    fill(frame, state_.metadata().preprocessing, {batch.input, place.row, place.moment});
    watch.end_preprocess();
    speed_.preprocess_ms += watch.end_frame().preprocess_ms;
    if (--batch.missing > 0) return;
    results_[place.batch] = infer(batch.input);
    filling_.erase(found);
  }

  Classification mean() const {
    Classification result{results_[0], state_.metadata().labels, speed_, state_.metadata().activation};
    for (std::size_t i = 1; i < results_.size(); ++i) {
      for (std::size_t c = 0; c < result.logits.size(); ++c) result.logits[c] += results_[i][c];
    }
    for (float& logit : result.logits) logit /= static_cast<float>(results_.size());
    return result;
  }

 private:
  Batch new_batch() const {
    const TensorInfo& input = state_.session().inputs()[0];
    ov::Shape shape(input.shape.begin(), input.shape.end());
    shape[0] = rows_;
    const auto type = input.type == "float32" ? ov::element::f32 : ov::element::u8;
    return {ov::Tensor(type, shape), rows_ * state_.metadata().clip.offsets.size()};
  }

  std::vector<float> infer(const ov::Tensor& rows) {
    Session::Lease request(*session_);
    Stopwatch watch;
    copy_repeated(rows, request->input(0));
    request->infer();
    watch.end_inference();
    const Outputs outputs = request->outputs();
    const Output& logits = find_output(outputs, "logits");
    check_shape("logits", logits, {-1, -1}, 1);
    speed_.inference_ms += watch.end_frame().inference_ms;
    return {logits.values, logits.values + logits.shape[1]};
  }

  NetworkState& state_;
  std::size_t rows_;
  std::shared_ptr<Session> session_;
  std::map<std::size_t, Batch> filling_;
  std::vector<std::vector<float>> results_;
  Speed speed_;
};

int check_segments(int segments, const ClipSettings& clip) {
  if (segments == 0) return clip.segments;
  if (segments > 0 && (!clip.in_graph || segments == clip.segments)) return segments;
  const std::string own = std::to_string(clip.segments) + ": the network has it inside";
  throw ArgumentError("segments: found " + std::to_string(segments) + ", expected " +
                      (clip.in_graph ? own : "1 or more"));
}

}  // namespace

ActionRecognizer::ActionRecognizer(const std::string& path, const Options& options, int segments)
    : Network(path, Task::action, options), segments_(check_segments(segments, metadata().clip)) {}

Classification ActionRecognizer::run(const std::vector<ImageView>& frames) const {
  return run(static_cast<int>(frames.size()), [&frames](int index) { return frames[static_cast<std::size_t>(index)]; });
}

Classification ActionRecognizer::run(int frames, const std::function<ImageView(int)>& frame_at) const {
  if (frames < 1) throw ArgumentError("video: it has no readable frame");
  const ClipSettings& clip = metadata().clip;
  const auto clips = sample_clips(frames, clip.offsets, clip.window, segments_);
  const std::size_t rows = clip.in_graph ? clips.size() : 1;
  VideoRun video(state(), rows, clips.size() / rows);
  for (const auto& [index, places] : plan(clips, rows)) {
    const ImageView frame = frame_at(index);
    for (const Place& place : places) video.add(frame, place);
  }
  return video.mean();
}

void ActionRecognizer::stream(const FrameSource& read, const std::function<void(Classification&&)>& take) const {
  const auto length = std::max(kShortestStretch, std::int64_t{segments_} * metadata().clip.window);
  bool is_first = true, has_more = true;
  while (has_more) {
    std::vector<Frame> stretch;
    while (static_cast<std::int64_t>(stretch.size()) < length) {
      Frame frame;
      has_more = read(frame);
      if (!has_more) break;
      stretch.push_back(std::move(frame));
    }
    const auto found = static_cast<std::int64_t>(stretch.size());
    if (found == 0 || (!is_first && 2 * found < length)) continue;
    take(run(static_cast<int>(found), [&](int index) { return stretch[static_cast<std::size_t>(index)].image; }));
    is_first = false;
  }
}

}  // namespace gcv
