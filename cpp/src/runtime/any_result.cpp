#include "any_result.h"

namespace gcv {

NamedArray& ArrayList::next(const char* name, int type, const void* data) {
  if (used_ == arrays_.size()) arrays_.emplace_back();
  NamedArray& array = arrays_[used_++];
  array.name = name;
  array.type = type;
  array.data = data;
  return array;
}

void ArrayList::add(const char* name, int type, const std::vector<std::int64_t>& shape, const void* data) {
  next(name, type, data).shape.assign(shape.begin(), shape.end());
}

void ArrayList::add(const char* name, int type, std::initializer_list<std::int64_t> shape, const void* data) {
  next(name, type, data).shape.assign(shape.begin(), shape.end());
}

}  // namespace gcv
