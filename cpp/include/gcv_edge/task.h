#pragma once

#include <string_view>

#include "gcv_edge/export.h"

namespace gcv {

/// What a network is for.
enum class Task {
  classification,
  detection,
  segmentation,
  pose,
  instance_segmentation,
  action,
  embedding,
  regression,
  depth,
  image_to_image,
  tensors  ///< a network or a part of one, computed as it is
};

/// Spell a task as the metadata do: "detection".
GCV_EDGE_API const char* task_name(Task task);

/// Name the class that runs networks for a task: "Detector".
GCV_EDGE_API const char* class_for(Task task);

/// Read a task's name. Throws UnsupportedError for anything else; the text lists all tasks.
GCV_EDGE_API Task parse_task(std::string_view name);

}  // namespace gcv
