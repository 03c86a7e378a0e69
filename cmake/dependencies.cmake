# CAF and librdkafka are found where tools/install-dependencies puts them: it
# alone knows versions and places. The rest are Debian packages.

set(installer ${PROJECT_SOURCE_DIR}/tools/install-dependencies)
file(GLOB patches CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/patches/*)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${installer} ${patches})
set(flavour "")
if(MILLRACE_SANITIZER STREQUAL "thread")
  set(flavour --thread-sanitizer)
endif()
execute_process(COMMAND ${installer} --prefixes ${flavour}
  OUTPUT_VARIABLE prefixes OUTPUT_STRIP_TRAILING_WHITESPACE
  COMMAND_ERROR_IS_FATAL ANY)
foreach(prefix IN LISTS prefixes)
  if(NOT EXISTS ${prefix})
    message(FATAL_ERROR "${prefix} is missing. Run: tools/install-dependencies "
      "${flavour}")
  endif()
endforeach()
list(GET prefixes 0 caf_prefix)
list(GET prefixes 1 librdkafka_prefix)
# An earlier run may remember the place of an earlier version.
unset(CAF_DIR CACHE)
unset(RdKafka_DIR CACHE)

find_package(OpenSSL REQUIRED) # CAF::openssl names its targets
find_package(CAF 0.18.7 EXACT CONFIG REQUIRED
  PATHS ${caf_prefix} NO_DEFAULT_PATH)
# librdkafka installs its FindLZ4.cmake but does not use it from there.
list(APPEND CMAKE_MODULE_PATH ${librdkafka_prefix}/lib/cmake/RdKafka)
find_package(RdKafka CONFIG REQUIRED PATHS ${librdkafka_prefix} NO_DEFAULT_PATH)

set(Boost_USE_STATIC_LIBS ON)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS json)
find_package(CLI11 REQUIRED)
find_package(civetweb REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(maxminddb REQUIRED IMPORTED_TARGET libmaxminddb)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
