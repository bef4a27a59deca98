include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/gcv_edge)
install(TARGETS gcv_edge_core EXPORT gcv_edge_targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${core_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gcv_edge)
install(EXPORT gcv_edge_targets NAMESPACE gcv_edge:: DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/gcv_edgeConfig.cmake.in gcv_edgeConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(gcv_edgeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/gcv_edgeConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/gcv_edgeConfigVersion.cmake
  DESTINATION ${package_dir})
