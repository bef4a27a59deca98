# Find ONNX Runtime's C header in ONNXRUNTIME_ROOT, laid out as its release archives are (include/, lib/), or on the system.
# Its library is only opened when a network is, so none is needed to build. Sets gcv_edge_onnxruntime_include,
# gcv_edge_onnxruntime_file, and gcv_edge_onnxruntime_folder where there is a library.
set(ONNXRUNTIME_ROOT "$ENV{ONNXRUNTIME_ROOT}" CACHE PATH "Folder with ONNX Runtime's include and lib")
set(gcv_edge_onnxruntime_only "")
if(ONNXRUNTIME_ROOT)
  set(gcv_edge_onnxruntime_only NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
endif()
unset(gcv_edge_onnxruntime_include CACHE)  # the folder may be another now
unset(gcv_edge_onnxruntime_library CACHE)
find_path(gcv_edge_onnxruntime_include onnxruntime_c_api.h PATHS ${ONNXRUNTIME_ROOT} ${gcv_edge_onnxruntime_only}
  PATH_SUFFIXES include include/onnxruntime onnxruntime)
if(NOT gcv_edge_onnxruntime_include)
  message(FATAL_ERROR "ONNXRUNTIME_ROOT: found no onnxruntime_c_api.h in '${ONNXRUNTIME_ROOT}' or on the system: give the "
    "folder of an unpacked release of ONNX Runtime, or install libonnxruntime-dev")
endif()

set(gcv_edge_onnxruntime_file libonnxruntime.so.1)
set(gcv_edge_onnxruntime_folder "")
find_library(gcv_edge_onnxruntime_library onnxruntime PATHS ${ONNXRUNTIME_ROOT} ${gcv_edge_onnxruntime_only}
  PATH_SUFFIXES lib)
if(gcv_edge_onnxruntime_library)
  get_filename_component(gcv_edge_onnxruntime_library "${gcv_edge_onnxruntime_library}" REALPATH)
  get_filename_component(gcv_edge_onnxruntime_folder "${gcv_edge_onnxruntime_library}" DIRECTORY)
  get_filename_component(gcv_edge_onnxruntime_file "${gcv_edge_onnxruntime_library}" NAME)
endif()
