#define GCV_TARGET avx2
#include "simd_avx2.h"
#include "vector_kernels.h"

const gcv::Kernels& gcv::avx2_kernels() { return avx2::kTable<avx2::VectorKernels>; }
