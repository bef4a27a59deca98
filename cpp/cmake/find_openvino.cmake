# Find OpenVINO: where OpenVINO_DIR or the system says, else in the pip package of a Python on the path. For another
# processor nothing of this machine will do: OpenVINO_DIR or the target's own root must have it.
# An installed gcv_edge uses this too. Sets gcv_edge_openvino, the library; where none is found, gcv_edge_openvino_problem
# may say why.
set(gcv_edge_openvino_problem "")
if(NOT OpenVINO_DIR AND CMAKE_CROSSCOMPILING)
  find_package(OpenVINO CONFIG QUIET COMPONENTS Runtime ONLY_CMAKE_FIND_ROOT_PATH)
elseif(NOT OpenVINO_DIR)
  find_package(OpenVINO CONFIG QUIET COMPONENTS Runtime)
endif()
if(NOT OpenVINO_FOUND AND NOT OpenVINO_DIR AND CMAKE_CROSSCOMPILING)
  string(CONCAT gcv_edge_openvino_problem "cross-compiling for ${CMAKE_SYSTEM_PROCESSOR}: found no OpenVINO for it, "
    "expected -DOpenVINO_DIR=FOLDER of its OpenVINOConfig.cmake, e.g. openvino/cmake of an unpacked "
    "${CMAKE_SYSTEM_PROCESSOR} wheel")
elseif(NOT OpenVINO_FOUND AND NOT OpenVINO_DIR)
  set(gcv_edge_pythons ${Python_EXECUTABLE} ${Python3_EXECUTABLE})
  if(NOT gcv_edge_pythons)
    set(gcv_edge_pythons python3 python)
  endif()
  foreach(gcv_edge_python IN LISTS gcv_edge_pythons)
    execute_process(
      COMMAND ${gcv_edge_python} -c
        "import importlib.util as u, os; s = u.find_spec('openvino'); print(os.path.dirname(s.origin) if s else '', end='')"
      OUTPUT_VARIABLE gcv_edge_openvino RESULT_VARIABLE gcv_edge_failed ERROR_QUIET)
    if(NOT gcv_edge_failed AND EXISTS "${gcv_edge_openvino}/cmake/OpenVINOConfig.cmake")
      set(OpenVINO_DIR "${gcv_edge_openvino}/cmake" CACHE PATH "Folder of OpenVINOConfig.cmake" FORCE)
      break()
    endif()
  endforeach()
endif()
if(NOT OpenVINO_FOUND AND OpenVINO_DIR)
  find_package(OpenVINO CONFIG QUIET COMPONENTS Runtime)
endif()

# Its interface has strings: those of the old C++ ABI, of PyPI's wheels before 2026, do not link with this library's.
if(OpenVINO_FOUND AND OpenVINO_GLIBCXX_USE_CXX11_ABI STREQUAL "0")
  set(OpenVINO_FOUND FALSE)
  string(CONCAT gcv_edge_openvino_problem "${OpenVINO_DIR}: found OpenVINO ${OpenVINO_VERSION} with the old C++ ABI, "
    "expected one with _GLIBCXX_USE_CXX11_ABI=1, such as PyPI's from 2026.0 on")
endif()

# Bytes 18 and 19 of an ELF file say the processor that it is for.
if(OpenVINO_FOUND)
  get_target_property(gcv_edge_configurations openvino::runtime IMPORTED_CONFIGURATIONS)
  list(GET gcv_edge_configurations 0 gcv_edge_configuration)
  get_target_property(gcv_edge_openvino openvino::runtime IMPORTED_LOCATION_${gcv_edge_configuration})
  file(READ "${gcv_edge_openvino}" gcv_edge_machine OFFSET 18 LIMIT 2 HEX)
  set(gcv_edge_machines 3e00 x86_64 b700 aarch64)
  list(FIND gcv_edge_machines "${gcv_edge_machine}" gcv_edge_at)
  string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" gcv_edge_target)
  string(REPLACE amd64 x86_64 gcv_edge_target "${gcv_edge_target}")
  string(REPLACE arm64 aarch64 gcv_edge_target "${gcv_edge_target}")
  if(NOT gcv_edge_at EQUAL -1)
    math(EXPR gcv_edge_at "${gcv_edge_at} + 1")
    list(GET gcv_edge_machines ${gcv_edge_at} gcv_edge_machine)
    if(NOT gcv_edge_machine STREQUAL gcv_edge_target)
      set(OpenVINO_FOUND FALSE)
      string(CONCAT gcv_edge_openvino_problem
        "${gcv_edge_openvino}: found a library for ${gcv_edge_machine}, expected ${gcv_edge_target}: give "
        "-DOpenVINO_DIR=FOLDER of the OpenVINOConfig.cmake for it")
    endif()
  endif()
endif()
