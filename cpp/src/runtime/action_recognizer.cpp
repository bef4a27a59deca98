#include "gcv_edge/action_recognizer.h"

#include <algorithm>
#include <map>

#include "decoding.h"
#include "gcv_edge/clips.h"
#include "gcv_edge/error.h"
#include "network_state.h"
#include "preprocessing.h"
#include "stopwatch.h"
#include "streaming.h"

namespace gcv {
namespace {

/// Frames that wait, read and not yet looked at.
constexpr std::size_t kFramesAhead = 4;

/// Frames of a stream that make one result at least: two seconds and a half of most videos.
constexpr std::int64_t kShortestStretch = 64;

/// A batch that is being filled; `input` is what `numbers` hold.
struct Batch {
  std::vector<unsigned char> numbers;
  EngineTensor input;
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
void copy_repeated(const std::vector<unsigned char>& rows, const EngineTensor& batch) {
  auto* to = static_cast<unsigned char*>(batch.data);
  for (std::size_t done = 0; done < batch.byte_size; done += rows.size()) {
    std::copy_n(rows.data(), std::min(rows.size(), batch.byte_size - done), to + done);
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
    results_[place.batch] = infer(batch.numbers);
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
    const bool is_float = input.type == "float32";
    std::size_t bytes = is_float ? sizeof(float) : 1;
    for (std::size_t i = 1; i < input.shape.size(); ++i) bytes *= static_cast<std::size_t>(input.shape[i]);
    Batch batch{std::vector<unsigned char>(rows_ * bytes), {}, rows_ * state_.metadata().clip.offsets.size()};
    batch.input = {batch.numbers.data(), input.shape, is_float, batch.numbers.size()};
    return batch;
  }

  std::vector<float> infer(const std::vector<unsigned char>& rows) {
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

/// The next frames of a video, fewer at its end.
std::vector<Frame> take_stretch(FrameLine& line, std::size_t length) {
  std::vector<Frame> stretch;
  while (stretch.size() < length) {
    const std::shared_ptr<StreamItem> item = line.take();
    if (item == nullptr) break;
    stretch.push_back(std::move(item->frame));
  }
  return stretch;
}

int check_segments(int segments, const ClipSettings& clip) {
  if (segments == 0) return clip.segments;
  if (segments > 0 && (!clip.in_graph || segments == clip.segments)) return segments;
  const std::string own = std::to_string(clip.segments) + ": the network has it inside";
  throw ArgumentError("segments: found " + std::to_string(segments) + ", expected " +
                      (clip.in_graph ? own : "1 or more"));
}

}  // namespace

ActionRecognizer::ActionRecognizer(const ModelSource& model, const Options& options, int segments)
    : Network(model, Task::action, options), segments_(check_segments(segments, metadata().clip)) {}

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

StreamCounts ActionRecognizer::stream(const FrameSource& read, const Taker<Classification&&>& take,
                                      const StreamOptions& options) const {
  if (options.newest) throw ArgumentError("newest: found true, expected false: a stretch has all of its frames");
  const auto length =
      static_cast<std::size_t>(std::max(kShortestStretch, std::int64_t{segments_} * metadata().clip.window));
  const FrameLine::Work none = [](const Frame& /*frame*/) { return nullptr; };
  FrameLine line(read, none, {1, kFramesAhead, false}, options);
  StreamCounts counts;
  for (bool has_more = true; has_more;) {
    const std::vector<Frame> stretch = take_stretch(line, length);
    const bool is_whole = stretch.size() == length;
    if (options.cancellation.is_requested()) break;
    has_more = is_whole;
    if (stretch.empty() || (!is_whole && counts.taken > 0 && 2 * stretch.size() < length)) break;
    const auto frame_at = [&](int index) { return stretch[static_cast<std::size_t>(index)].image; };
    ++counts.taken;
    if (!take(run(static_cast<int>(stretch.size()), frame_at))) break;
  }
  counts.is_cancelled = options.cancellation.is_requested();
  return counts;
}

}  // namespace gcv
