#define GCV_TARGET avx512
#include "simd_avx512.h"
#include "vector_kernels.h"

const gcv::Kernels& gcv::avx512_kernels() { return avx512::kTable<avx512::VectorKernels>; }
