# Find OpenVINO: where OpenVINO_DIR or the system says, else in the pip package of a Python on the path.
# An installed gcv_edge uses this too.
if(NOT OpenVINO_DIR)
  find_package(OpenVINO CONFIG QUIET COMPONENTS Runtime)
endif()
if(NOT OpenVINO_FOUND AND NOT OpenVINO_DIR)
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
if(NOT OpenVINO_FOUND)
  find_package(OpenVINO CONFIG QUIET COMPONENTS Runtime)
endif()
