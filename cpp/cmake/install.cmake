include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/gcv_edge)
set(cmake_source_dir ${CMAKE_CURRENT_LIST_DIR})

# Two components: what programs need to run, and what they are built with.
function(gcv_edge_install target export)
  install(TARGETS ${target} EXPORT gcv_edge_${export}_targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT dev)
  install(EXPORT gcv_edge_${export}_targets NAMESPACE gcv_edge:: DESTINATION ${package_dir} COMPONENT dev)
endfunction()

configure_file(${cmake_source_dir}/write_pkgconfig.cmake.in write_pkgconfig.cmake @ONLY)
function(gcv_edge_install_pkgconfig name)
  set(script "${CMAKE_CURRENT_BINARY_DIR}/write_pkgconfig.cmake")
  install(CODE "include(\"${script}\")\ngcv_edge_write_pkgconfig(${name})" COMPONENT dev)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endfunction()

set(bundled_copyright "")
if(GCV_EDGE_BUNDLE_OPENVINO)
  set(bundled_copyright "
Files: usr/lib/*/gcv_edge/*
Copyright: Intel Corporation and the others that the files in the folder openvino beside this one name
License: Apache-2.0
Comment: Libraries of OpenVINO and oneTBB, as their makers built them.
")
endif()
configure_file(${cmake_source_dir}/copyright.in copyright @ONLY)

gcv_edge_install(gcv_edge_core core)
gcv_edge_install_pkgconfig(gcv-edge-core)
install(FILES ${core_headers} ${PROJECT_BINARY_DIR}/include/gcv_edge/version_numbers.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gcv_edge COMPONENT dev)

if(TARGET gcv_edge)
  gcv_edge_install(gcv_edge runtime)
  gcv_edge_install_pkgconfig(gcv-edge)
endif()
if(TARGET gcv_edge_static)
  gcv_edge_install(gcv_edge_static static)
  gcv_edge_install_pkgconfig(gcv-edge-static)
endif()
if(GCV_EDGE_ONNXRUNTIME)
  gcv_edge_install(gcv_edge_onnxruntime onnxruntime)
  gcv_edge_install_pkgconfig(gcv-edge-onnxruntime)
endif()
if(GCV_EDGE_RUNTIME OR GCV_EDGE_ONNXRUNTIME)
  install(FILES ${runtime_headers} include/gcv_edge/opencv.h
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gcv_edge COMPONENT dev)
  install(FILES include/gcv_edge.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
  install(FILES ${cmake_source_dir}/find_openvino.cmake DESTINATION ${package_dir} COMPONENT dev)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${CMAKE_CURRENT_BINARY_DIR}/copyright
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/gcv-edge COMPONENT runtime)
  if(GCV_EDGE_BUNDLE_OPENVINO)
    install(FILES ${openvino_bundle} DESTINATION ${CMAKE_INSTALL_LIBDIR}/gcv_edge COMPONENT runtime)
    install(DIRECTORY ${openvino_licenses}/ DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/gcv-edge/openvino COMPONENT runtime)
  endif()
endif()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${CMAKE_CURRENT_BINARY_DIR}/copyright
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/gcv-edge-dev COMPONENT dev)

set(openvino_bundled ${CMAKE_INSTALL_LIBDIR}/gcv_edge/${openvino_file})
configure_package_config_file(${cmake_source_dir}/gcv_edgeConfig.cmake.in gcv_edgeConfig.cmake
  INSTALL_DESTINATION ${package_dir} PATH_VARS openvino_bundled)
write_basic_package_version_file(gcv_edgeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/gcv_edgeConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/gcv_edgeConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT dev)
