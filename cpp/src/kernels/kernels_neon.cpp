#define GCV_TARGET neon
#include "simd_neon.h"
#include "vector_kernels.h"

const gcv::Kernels& gcv::neon_kernels() { return neon::kTable<neon::VectorKernels>; }
