# Runs a port's portfile.cmake without vcpkg: what the functions that it calls do, as vcpkg documents them for Linux.
# Usage: cmake -DPORT_FOLDER=FOLDER -DWORK=FOLDER -DVCPKG_LIBRARY_LINKAGE=dynamic|static [-DFEATURES=LIST]
#              [-DVCPKG_CMAKE_CONFIGURE_OPTIONS=LIST] -P .ci/vcpkg_functions.cmake
# The package comes to WORK/packages/PORT.
cmake_minimum_required(VERSION 3.20)
get_filename_component(PORT "${PORT_FOLDER}" NAME)
set(CURRENT_PORT_DIR "${PORT_FOLDER}")
set(CURRENT_PACKAGES_DIR "${WORK}/packages/${PORT}")
set(CURRENT_BUILDTREES_DIR "${WORK}/buildtrees/${PORT}")
set(configurations Release Debug)
set(root_of_Release "")
set(root_of_Debug /debug)

function(run)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE failed)
  if(failed OR said MATCHES "not used by the project:.*GCV_EDGE_")
    message(FATAL_ERROR "${said}")
  endif()
endfunction()

function(vcpkg_check_features)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" OUT_FEATURE_OPTIONS FEATURES)
  set(options "")
  while(arg_FEATURES)
    list(POP_FRONT arg_FEATURES feature variable)
    if(feature IN_LIST FEATURES)
      list(APPEND options -D${variable}=ON)
    else()
      list(APPEND options -D${variable}=OFF)
    endif()
  endwhile()
  set(${arg_OUT_FEATURE_OPTIONS} ${options} PARENT_SCOPE)
endfunction()

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" SOURCE_PATH OPTIONS)
  string(COMPARE EQUAL "${VCPKG_LIBRARY_LINKAGE}" dynamic shared)
  foreach(configuration IN LISTS configurations)
    run(${CMAKE_COMMAND} -S "${arg_SOURCE_PATH}" -B "${CURRENT_BUILDTREES_DIR}/${configuration}" -G Ninja
      -DCMAKE_BUILD_TYPE=${configuration} -DBUILD_SHARED_LIBS=${shared} -DCMAKE_INSTALL_LIBDIR=lib
      -DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}${root_of_${configuration}}
      -DCMAKE_ERROR_ON_ABSOLUTE_INSTALL_DESTINATION=ON ${arg_OPTIONS} ${VCPKG_CMAKE_CONFIGURE_OPTIONS})
  endforeach()
endfunction()

function(vcpkg_cmake_install)
  foreach(configuration IN LISTS configurations)
    run(${CMAKE_COMMAND} --build "${CURRENT_BUILDTREES_DIR}/${configuration}" --target install --parallel $ENV{JOBS})
  endforeach()
endfunction()

# Both configurations' files in share/PACKAGE_NAME, two folders below the prefix.
function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "PACKAGE_NAME;CONFIG_PATH" "")
  set(share "${CURRENT_PACKAGES_DIR}/share/${arg_PACKAGE_NAME}")
  file(MAKE_DIRECTORY "${share}")
  file(GLOB release "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/*")
  file(GLOB debug "${CURRENT_PACKAGES_DIR}/debug/${arg_CONFIG_PATH}/*-debug.cmake")
  foreach(file IN LISTS release debug)
    get_filename_component(name "${file}" NAME)
    file(READ "${file}" content)
    if(file IN_LIST debug)
      string(REPLACE "\${_IMPORT_PREFIX}/lib" "\${_IMPORT_PREFIX}/debug/lib" content "${content}")
    endif()
    string(REGEX REPLACE "(get_filename_component.PACKAGE_PREFIX_DIR \"[^\"]*LIST_DIR}/)[./]*" "\\1../../" content "${content}")
    string(REPLACE [[get_filename_component(_IMPORT_PREFIX "${_IMPORT_PREFIX}" PATH)]] "" content "${content}")
    string(REPLACE [[get_filename_component(_IMPORT_PREFIX "${CMAKE_CURRENT_LIST_FILE}" PATH)]]
      [[get_filename_component(_IMPORT_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)]] content "${content}")
    file(WRITE "${share}/${name}" "${content}")
  endforeach()
  get_filename_component(folder "${arg_CONFIG_PATH}" DIRECTORY)
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/${folder}" "${CURRENT_PACKAGES_DIR}/debug/${folder}")
endfunction()

function(vcpkg_fixup_pkgconfig)
  file(GLOB_RECURSE files "${CURRENT_PACKAGES_DIR}/*.pc")
  foreach(file IN LISTS files)
    get_filename_component(folder "${file}" DIRECTORY)
    get_filename_component(name "${file}" NAME_WE)
    run(${CMAKE_COMMAND} -E env "PKG_CONFIG_PATH=${folder}" pkg-config --print-errors --exists ${name})
  endforeach()
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" FILE_LIST)
  file(INSTALL ${arg_FILE_LIST} DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}" RENAME copyright)
endfunction()

include("${PORT_FOLDER}/portfile.cmake")
