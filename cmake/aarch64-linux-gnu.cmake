# 64-bit ARM, with Debian's g++-aarch64-linux-gnu:
#   cmake -S . -B build -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux-gnu.cmake -DOpenVINO_DIR=WHEEL/openvino/cmake
# WHEEL is where an aarch64 OpenVINO wheel was unpacked.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(triple aarch64-linux-gnu)
set(emulator qemu-aarch64)
set(emulated_cpu cortex-a72)
include(${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake)
