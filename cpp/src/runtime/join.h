#pragma once

#include <string>
#include <vector>

namespace gcv {

/// "boxes, scores", for messages.
inline std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace gcv
