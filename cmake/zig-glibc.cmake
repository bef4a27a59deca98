# glibc 2.28 or later, whatever this machine has, with Zig's Clang (pip install ziglang); the C++ library is linked in:
#   cmake -S . -B build -DCMAKE_TOOLCHAIN_FILE=cmake/zig-glibc.cmake -DGCV_EDGE_RUNTIME=OFF -DGCV_EDGE_ARCH=aarch64
# GCV_EDGE_ARCH is x86_64 or aarch64; GCV_EDGE_ZIG the program, if it is not on the path.
set(GCV_EDGE_ARCH ${CMAKE_HOST_SYSTEM_PROCESSOR} CACHE STRING "Processor to build for")
set(CMAKE_SYSTEM_PROCESSOR ${GCV_EDGE_ARCH})
set(target ${GCV_EDGE_ARCH}-linux-gnu.2.28)
include(${CMAKE_CURRENT_LIST_DIR}/zig.cmake)
