// Sanitizers refuse RTLD_DEEPBIND, with which OpenVINO's TBB loads a helper. A program's own dlopen comes first.

#include <dlfcn.h>

extern "C" void* dlopen(const char* name, int flags) {
  using Open = void* (*)(const char*, int);
  static const auto next = reinterpret_cast<Open>(dlsym(RTLD_NEXT, "dlopen"));
  return next(name, flags & ~RTLD_DEEPBIND);
}
