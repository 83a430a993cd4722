# Writes the runtime's sources into a C++ source, so that a program needs no file to generate a project.
set(ARES_RUNTIME_DIR ${CMAKE_SOURCE_DIR}/runtime)
file(GLOB_RECURSE ARES_RUNTIME_FILES CONFIGURE_DEPENDS RELATIVE ${ARES_RUNTIME_DIR}
  ${ARES_RUNTIME_DIR}/*.c ${ARES_RUNTIME_DIR}/*.h ${ARES_RUNTIME_DIR}/*.S ${ARES_RUNTIME_DIR}/*.mk
  ${ARES_RUNTIME_DIR}/*.inc ${ARES_RUNTIME_DIR}/*.ld.in ${ARES_RUNTIME_DIR}/*.py ${ARES_RUNTIME_DIR}/Makefile)
list(SORT ARES_RUNTIME_FILES)
set(ARES_EMBEDDED_RUNTIME "")
foreach(file ${ARES_RUNTIME_FILES})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARES_RUNTIME_DIR}/${file})
  file(READ ${ARES_RUNTIME_DIR}/${file} text)
  string(APPEND ARES_EMBEDDED_RUNTIME "    {\"${file}\", R\"runtime(${text})runtime\"},\n")
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/embedded_runtime.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/embedded_runtime.cpp @ONLY)
target_sources(ares_codegen PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/embedded_runtime.cpp)
