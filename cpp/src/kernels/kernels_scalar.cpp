#define GCV_TARGET scalar
#include "plain_kernels.h"

const gcv::Kernels& gcv::scalar_kernels() { return scalar::kTable<scalar::PlainKernels>; }
