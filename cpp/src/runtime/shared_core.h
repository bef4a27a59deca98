#pragma once

#include "engine.h"

namespace gcv {

/// The process's one core of OpenVINO. Throws EngineError where OpenVINO is not whole, ForkError in a process that was
/// forked after the core was made.
ov::Core& shared_core();

}  // namespace gcv
