# What running a network on a CPU needs of OpenVINO's pip wheel, and its licences, which go along: sets openvino_bundle,
# files, and openvino_licenses, a folder. Where OpenVINO is a package of the system, depend on that instead.
set(openvino_bundle "")
foreach(pattern libopenvino.so.* libopenvino_onnx_frontend.so.* libopenvino_*_cpu_plugin.so libtbb.so.*
    ../../openvino-*.dist-info/licenses)
  file(GLOB found ${openvino_folder}/${pattern})
  list(LENGTH found count)
  if(NOT count EQUAL 1)
    message(FATAL_ERROR "GCV_EDGE_BUNDLE_OPENVINO: ${openvino_folder}: found ${count} of ${pattern}, expected 1: it takes the "
      "libraries of OpenVINO's pip wheel, -DOpenVINO_DIR=FOLDER of its OpenVINOConfig.cmake")
  endif()
  list(APPEND openvino_bundle ${found})
endforeach()
list(POP_BACK openvino_bundle openvino_licenses)
