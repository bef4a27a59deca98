#include "gcv_edge/task.h"

#include <iterator>
#include <string>

#include "entry_reader.h"
#include "gcv_edge/error.h"

namespace gcv {
namespace {

struct Row {
  const char *name, *runner;
};

// In the order of the enumeration.
constexpr Row kTasks[] = {{"classification", "Classifier"},
                          {"detection", "Detector"},
                          {"segmentation", "Segmenter"},
                          {"pose", "PoseEstimator"},
                          {"instance_segmentation", "InstanceSegmenter"},
                          {"action", "ActionRecognizer"},
                          {"embedding", "Embedder"},
                          {"regression", "Regressor"},
                          {"depth", "DepthEstimator"},
                          {"image_to_image", "ImageTranslator"},
                          {"tensors", "TensorNetwork"}};

const Row& row_of(Task task) {
  const auto number = static_cast<std::size_t>(task);
  if (number < std::size(kTasks)) return kTasks[number];
  throw ArgumentError("task: found number " + std::to_string(static_cast<int>(task)) + ", expected 0 to " +
                      std::to_string(std::size(kTasks) - 1));
}

}  // namespace

const char* task_name(Task task) { return row_of(task).name; }

const char* class_for(Task task) { return row_of(task).runner; }

Task parse_task(std::string_view name) {
  std::string names;
  int index = 0;
  for (const Row& row : kTasks) {
    if (name == row.name) return static_cast<Task>(index);
    names += (index++ == 0 ? "" : ", ") + std::string(row.name);
  }
  throw UnsupportedError("task " + quote(std::string(name)) + " is not supported: expected one of " + names);
}

}  // namespace gcv
