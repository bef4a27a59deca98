#pragma once

// Types in the signatures of functions that take or return arrays.
#define FLOATS "numpy.typing.NDArray[numpy.float32]"
#define BOOLS "numpy.typing.NDArray[numpy.bool_]"
#define BYTES "numpy.typing.NDArray[numpy.uint8]"
#define INTEGERS "numpy.typing.NDArray[numpy.int32]"
#define SIZE "tuple[int, int]"
#define RECT "tuple[int, int, int, int]"
