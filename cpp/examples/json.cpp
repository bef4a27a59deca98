#include "json.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace {

std::string quote(const std::string& text) {
  std::string quoted = "\"";
  for (const char byte : text) {
    char escaped[8] = {byte, '\0'};
    if (byte == '"' || byte == '\\') std::snprintf(escaped, sizeof escaped, "\\%c", byte);
    if (static_cast<unsigned char>(byte) < 0x20) std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
    quoted += escaped;
  }
  return quoted + "\"";
}

/// The shortest text that reads back as the same number; JSON has none for those that are not finite.
std::string spell(double value) {
  if (!std::isfinite(value)) return "null";
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

std::string head(const gcv::Frame& frame) {
  return "{\"name\": " + quote(frame.name) + ", \"index\": " + std::to_string(frame.index) +
         ", \"width\": " + std::to_string(frame.image.width) + ", \"height\": " + std::to_string(frame.image.height);
}

std::string tail(const gcv::Speed& speed) {
  const auto rounded = [](double value) { return spell(std::round(value * 1000) / 1000); };
  return ", \"speed\": {\"preprocess_ms\": " + rounded(speed.preprocess_ms) +
         ", \"inference_ms\": " + rounded(speed.inference_ms) +
         ", \"postprocess_ms\": " + rounded(speed.postprocess_ms) + "}}";
}

std::string to_json(const gcv::Detections& result, std::size_t i) {
  const auto& box = result.boxes[i];
  std::string text = "{\"class_id\": " + std::to_string(result.class_ids[i]) + ", \"label\": " + quote(result.name(i)) +
                     ", \"score\": " + spell(result.scores[i]) + ", \"box\": [";
  for (std::size_t k = 0; k < box.size(); ++k) text += (k > 0 ? ", " : "") + spell(box[k]);
  return text + "]}";
}

}  // namespace

std::string to_json(const gcv::Frame& frame, const gcv::Detections& result) {
  std::string text = head(frame) + ", \"detections\": [";
  for (std::size_t i = 0; i < result.size(); ++i) text += (i > 0 ? ", " : "") + to_json(result, i);
  return text + "]" + tail(result.speed);
}

std::string to_json(const gcv::Frame& frame, const gcv::Classification& result) {
  std::string text = head(frame) + ", \"top\": [";
  bool is_first = true;
  for (const gcv::Prediction& one : result.top(5)) {
    text += (is_first ? "" : ", ") + std::string("{\"class_id\": ") + std::to_string(one.class_id) +
            ", \"label\": " + quote(one.label) + ", \"probability\": " + spell(one.probability) + "}";
    is_first = false;
  }
  return text + "]" + tail(result.speed);
}
