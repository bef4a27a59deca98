# Compare what a shared library exports with the list in the repository, or renew the list.
# cmake -DNM=nm -DLIBRARY=lib.so -DLIST=symbols.txt [-DRENEW=ON | -DRENEWED_BY=COMMAND] -P compare_symbols.cmake
cmake_policy(VERSION 3.20)
execute_process(COMMAND ${NM} --dynamic --defined-only --demangle --format=posix ${LIBRARY}
  OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE ";" "\\;" text "${text}")
string(REGEX REPLACE " [A-Za-z] [0-9a-f]+( [0-9a-f]+)?\n" ";" found "${text}")
list(FILTER found EXCLUDE REGEX "^$")
list(SORT found)
list(REMOVE_DUPLICATES found)  # constructors have two addresses
if(RENEW)
  list(JOIN found "\n" text)
  file(WRITE ${LIST} "${text}\n")
  return()
endif()

file(STRINGS ${LIST} expected)
set(added ${found})
list(REMOVE_ITEM added ${expected})
set(gone ${expected})
list(REMOVE_ITEM gone ${found})
if(added OR gone)
  list(TRANSFORM added PREPEND "\n  + ")
  list(TRANSFORM gone PREPEND "\n  - ")
  list(JOIN added "" added)
  list(JOIN gone "" gone)
  message(FATAL_ERROR "${LIBRARY} exports other symbols than ${LIST} lists:${added}${gone}\n"
    "If that is meant: ${RENEWED_BY}")
endif()
