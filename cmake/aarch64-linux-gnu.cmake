# Cross-compile for 64-bit ARM Linux with Debian's g++-aarch64-linux-gnu; programs run under qemu-user where it is there:
#   cmake -S . -B build -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux-gnu.cmake -DOpenVINO_DIR=WHEEL/openvino/cmake
# WHEEL is where an aarch64 OpenVINO wheel was unpacked.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(triple aarch64-linux-gnu)
set(CMAKE_C_COMPILER ${triple}-gcc)
set(CMAKE_CXX_COMPILER ${triple}-g++)
set(CMAKE_FIND_ROOT_PATH /usr/${triple})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)

find_program(qemu_aarch64 NAMES qemu-aarch64 qemu-aarch64-static)
if(qemu_aarch64)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${qemu_aarch64};-L;/usr/${triple};-cpu;cortex-a72")
endif()
