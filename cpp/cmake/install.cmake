include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/gcv_edge)
set(cmake_source_dir ${CMAKE_CURRENT_LIST_DIR})

# Headers and a CMake export of one target.
function(gcv_edge_install target export)
  install(TARGETS ${target} EXPORT gcv_edge_${export}_targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT gcv_edge_${export}_targets NAMESPACE gcv_edge:: DESTINATION ${package_dir})
endfunction()

# The prefix may be another than at configuration, and pkg-config's own variable for it may be relative.
configure_file(${cmake_source_dir}/write_pkgconfig.cmake.in write_pkgconfig.cmake @ONLY)
function(gcv_edge_install_pkgconfig name)
  install(CODE "include(\"${CMAKE_CURRENT_BINARY_DIR}/write_pkgconfig.cmake\")\ngcv_edge_write_pkgconfig(${name})")
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

gcv_edge_install(gcv_edge_core core)
gcv_edge_install_pkgconfig(gcv-edge-core)
install(FILES ${core_headers} ${PROJECT_BINARY_DIR}/include/gcv_edge/version_numbers.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gcv_edge)

if(GCV_EDGE_RUNTIME)
  gcv_edge_install(gcv_edge runtime)
  gcv_edge_install(gcv_edge_static static)
  gcv_edge_install_pkgconfig(gcv-edge)
  gcv_edge_install_pkgconfig(gcv-edge-static)
  install(FILES ${runtime_headers} include/gcv_edge/opencv.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gcv_edge)
  install(FILES include/gcv_edge.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(FILES ${cmake_source_dir}/find_openvino.cmake DESTINATION ${package_dir})
endif()

configure_package_config_file(${cmake_source_dir}/gcv_edgeConfig.cmake.in gcv_edgeConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(gcv_edgeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/gcv_edgeConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/gcv_edgeConfigVersion.cmake
  DESTINATION ${package_dir})
