# Each bench/*.cpp is a program of its own name in build/<preset>/bench, built
# by the target bench only.

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cpp)
add_custom_target(bench)
foreach(source IN LISTS sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} EXCLUDE_FROM_ALL ${source})
  target_link_libraries(${name} PRIVATE millrace_node)
  millrace_use_caf(${name})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
  add_dependencies(bench ${name})
endforeach()
if(TARGET millrace)
  add_dependencies(bench millrace)
endif()
