#include "gcv_edge/task.h"

#include <string>

#include "entry_reader.h"
#include "gcv_edge/error.h"
#include "names.h"

namespace gcv {
namespace {

// Both in the order of the enumeration.
constexpr std::string_view kTaskNames[] = {
    "classification", "detection", "segmentation",   "pose",   "instance_segmentation", "action", "embedding",
    "regression",     "depth",     "image_to_image", "tensors"};
constexpr const char* kRunners[] = {"Classifier",        "Detector",         "Segmenter",    "PoseEstimator",
                                    "InstanceSegmenter", "ActionRecognizer", "Embedder",     "Regressor",
                                    "DepthEstimator",    "ImageTranslator",  "TensorNetwork"};
constexpr Names kTasks{"task", kTaskNames};

/// Throws ArgumentError for a number that a cast made a task of but that is none.
int number_of(Task task) {
  kTasks.name_of(static_cast<int>(task));
  return static_cast<int>(task);
}

}  // namespace

const char* task_name(Task task) { return kTaskNames[number_of(task)].data(); }

const char* class_for(Task task) { return kRunners[number_of(task)]; }

Task parse_task(std::string_view name) {
  std::string names;
  int index = 0;
  for (const std::string_view known : kTaskNames) {
    if (name == known) return static_cast<Task>(index);
    names.append(index++ == 0 ? "" : ", ").append(known);
  }
  throw UnsupportedError("task " + quote(std::string(name)) + " is not supported: expected one of " + names);
}

}  // namespace gcv
