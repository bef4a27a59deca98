# 32-bit ARM (armv7), with Debian's g++-arm-linux-gnueabihf; the core alone, as OpenVINO has no package for it:
#   cmake -S . -B build -DCMAKE_TOOLCHAIN_FILE=cmake/arm-linux-gnueabihf.cmake -DGCV_EDGE_RUNTIME=OFF
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(triple arm-linux-gnueabihf)
set(emulator qemu-arm)
set(emulated_cpu cortex-a15)
include(${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake)
