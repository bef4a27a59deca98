#include "session.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "gcv_edge/error.h"

namespace gcv {
namespace {

using Clock = std::chrono::steady_clock;

/// What memory can feed: more threads make resizing no faster.
constexpr int kLargestCrew = 4;

/// A property of whatever the engine runs the network on; AUTO does not pass all of them on.
template <typename T, ov::PropertyMutability M>
T property_or(const ov::CompiledModel& compiled, const ov::Property<T, M>& property, const T& otherwise) {
  const auto known = compiled.get_property(ov::supported_properties);
  if (std::find(known.begin(), known.end(), property.name()) == known.end()) return otherwise;
  return compiled.get_property(property);
}

std::string describe_seconds(Clock::time_point start) {
  char text[32];
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::snprintf(text, sizeof text, "%.2f s", seconds);
  return text;
}

std::string describe_threads(const ov::CompiledModel& compiled) {
  const int threads = property_or(compiled, ov::inference_num_threads, 1);
  const bool is_pinned = property_or(compiled, ov::hint::enable_cpu_pinning, false);
  return std::to_string(threads) + (is_pinned ? " pinned" : "") + (threads == 1 ? " thread" : " threads");
}

void tell(const Log& log, const std::string& line) {
  try {
    log(line);
  } catch (...) {  // NOLINT(bugprone-empty-catch): a log is not worth a failure
  }
}

}  // namespace

Session::Session(const ModelSource& source, const Options& options, std::int64_t batch, OpenLengths open)
    : path_(source.name()) {
  const Clock::time_point start = Clock::now();
  load(source, options, batch, open);
  if (!options.log) return;
  const std::string seconds = describe_seconds(start);
  call_engine(path_, "OpenVINO cannot describe it", [&] {
    const ov::CompiledModel& compiled = loaded_->compiled;
    const std::string from = compiled.get_property(ov::loaded_from_cache) ? " from the cache" : "";
    tell(options.log, path_ + ": opened for batch " + std::to_string(this->batch()) + " in " + seconds + from + ": " +
                          engine_ + " on " + options.device + ", " + precision_ + ", " + describe_threads(compiled) +
                          ", " + std::to_string(streams_) + " side by side");
  });
}

void Session::load(const ModelSource& source, const Options& options, std::int64_t batch, OpenLengths open) {
  const std::shared_ptr<ov::Model> model = read_model(source);
  if (model->inputs().empty()) throw FormatError(path_, "found 0 inputs, expected 1");
  const ov::PartialShape shape = model->input(0).get_partial_shape();
  dynamic_batch_ = shape.rank().is_static() && shape.size() > 0 && shape[0].is_dynamic();
  const PortNames names = list_names(*model);
  fix_shapes(*model, path_, batch, open);
  loaded_->compiled = compile_model(model, path_, options);
  engine_ = engine_name();
  call_engine(path_, "OpenVINO cannot describe it", [&] {
    const ov::CompiledModel& compiled = loaded_->compiled;
    precision_ = property_or(compiled, ov::hint::inference_precision, ov::element::f32).get_type_name();
    inputs_ = describe_ports(compiled.inputs(), names.inputs);
    outputs_ = describe_ports(compiled.outputs(), names.outputs);
    streams_ = static_cast<int>(property_or(compiled, ov::optimal_number_of_infer_requests, 1U));
    const int threads = std::min(property_or(compiled, ov::inference_num_threads, 1), kLargestCrew);
    if (streams_ == 1 && threads > 1) loaded_->crew = std::make_unique<ThreadCrew>(threads - 1);
  });
  const auto make_request = [this] {
    return call_engine(path_, "OpenVINO cannot make room for an inference", [this] {
      return std::make_unique<Request>(loaded_->compiled.create_infer_request(), inputs_.size(), outputs_, path_);
    });
  };
  loaded_->pool = std::make_unique<RequestPool>(make_request, options.requests);
}

RequestPool& Session::pool() {
  home().check("the network was opened", path_);
  return *loaded_->pool;
}

}  // namespace gcv
