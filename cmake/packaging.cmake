# What `cmake --install` copies, and the Debian package of it (the target
# package; packaging/ has what only the package needs).

include(GNUInstallDirs)
install(TARGETS millrace)
if(MILLRACE_SANITIZER)
  return() # for tests only
endif()

find_package(Python3 COMPONENTS Interpreter)
find_program(GZIP gzip)
if(Python3_FOUND AND GZIP)
  set(manual ${PROJECT_BINARY_DIR}/millrace.1.gz)
  add_custom_command(OUTPUT ${manual}
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/packaging/man-page
      $<TARGET_FILE:millrace> > millrace.1
    COMMAND ${GZIP} -9nf millrace.1
    DEPENDS millrace ${PROJECT_SOURCE_DIR}/packaging/man-page
    WORKING_DIRECTORY ${PROJECT_BINARY_DIR} COMMENT "" VERBATIM)
  add_custom_target(manual ALL DEPENDS ${manual})
  install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE
  DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(FILES ${PROJECT_SOURCE_DIR}/docs/millrace.example.yaml
  DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES ${PROJECT_SOURCE_DIR}/packaging/millrace.service
  DESTINATION lib/systemd/system)
install(FILES ${PROJECT_SOURCE_DIR}/packaging/millrace.yaml
  DESTINATION /etc/millrace)

# What is within the binary and not told by its dependencies, for packaging/sbom,
# which knows CAF and librdkafka by itself.
set(linked "boost-json ${Boost_VERSION}\n")
if(CURL_ROOT) # of packaging/minimal-curl
  get_filename_component(curl ${CURL_ROOT} NAME)
  string(REGEX REPLACE "^curl-" "curl " curl ${curl})
  string(APPEND linked "${curl}\n")
endif()
file(WRITE ${PROJECT_BINARY_DIR}/linked-libraries "${linked}")
install(FILES ${PROJECT_BINARY_DIR}/linked-libraries
  DESTINATION ${CMAKE_INSTALL_DATADIR}/millrace)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "the developers of millrace <millrace@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
  "login events on Kafka, checked, enriched and judged")
set(CPACK_PACKAGE_DESCRIPTION
  "A small native node that reads login events from a Kafka topic, validates and
 enriches them, judges whether each is an anomaly, and passes them on in order;
 what is no login event goes to a dead-letter topic with the reason.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
# By dpkg-shlibdeps (package dpkg-dev): exactly what the binary is linked with.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS ca-certificates)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(scripts ${PROJECT_SOURCE_DIR}/packaging)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  "${scripts}/postinst;${scripts}/prerm;${scripts}/postrm;${PROJECT_BINARY_DIR}/conffiles")
file(WRITE ${PROJECT_BINARY_DIR}/conffiles "/etc/millrace/millrace.yaml\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
