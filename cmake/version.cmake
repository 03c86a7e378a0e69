# millrace_version.hpp, written at build time and only when it changes. Run as
# a script (cmake -P) it writes the header; included, it defines the target.

if(CMAKE_SCRIPT_MODE_FILE)
  # REVISION comes from the environment where there is a build without .git.
  set(REVISION "$ENV{MILLRACE_REVISION}")
  if(NOT REVISION)
    execute_process(COMMAND git describe --always --dirty --exclude=*
      WORKING_DIRECTORY ${SOURCE_DIR} OUTPUT_VARIABLE REVISION
      OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE result)
    if(NOT result EQUAL 0)
      set(REVISION unknown)
    endif()
  endif()
  configure_file(${SOURCE_DIR}/cmake/millrace_version.hpp.in ${HEADER} @ONLY)
  return()
endif()

set(header ${PROJECT_BINARY_DIR}/generated/millrace_version.hpp)
add_custom_target(millrace_version
  COMMAND ${CMAKE_COMMAND} -DVERSION=${PROJECT_VERSION}
    -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DHEADER=${header}
    -P ${CMAKE_CURRENT_LIST_FILE}
  BYPRODUCTS ${header} COMMENT "" VERBATIM)
