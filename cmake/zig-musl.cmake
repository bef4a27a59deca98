# musl instead of glibc, with Zig's Clang (pip install ziglang); programs are static:
#   cmake -S . -B build -DCMAKE_TOOLCHAIN_FILE=cmake/zig-musl.cmake -DGCV_EDGE_RUNTIME=OFF -DGCV_EDGE_ARCH=arm
# GCV_EDGE_ARCH is x86_64, aarch64 or arm (armv7); GCV_EDGE_ZIG the program, if it is not on the path.
set(GCV_EDGE_ARCH ${CMAKE_HOST_SYSTEM_PROCESSOR} CACHE STRING "Processor to build for")
set(CMAKE_SYSTEM_PROCESSOR ${GCV_EDGE_ARCH})
set(target ${GCV_EDGE_ARCH}-linux-musl)
if(GCV_EDGE_ARCH STREQUAL "arm")
  set(CMAKE_SYSTEM_PROCESSOR armv7l)
  set(target arm-linux-musleabihf -mcpu=cortex_a15)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/zig.cmake)

find_program(emulator_of_${GCV_EDGE_ARCH} NAMES qemu-${GCV_EDGE_ARCH} qemu-${GCV_EDGE_ARCH}-static)
if(emulator_of_${GCV_EDGE_ARCH} AND NOT GCV_EDGE_ARCH STREQUAL CMAKE_HOST_SYSTEM_PROCESSOR)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${emulator_of_${GCV_EDGE_ARCH}})
endif()
