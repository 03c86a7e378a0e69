# millrace_library(FOLDER [CAF] LINK LIBRARY...): the static library
# millrace_FOLDER of all sources under FOLDER; a folder of headers alone, or
# none yet, gives an interface library.
function(millrace_library folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "CAF" "" "LINK")
  set(name millrace_${folder})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
  list(REMOVE_ITEM sources ${PROJECT_SOURCE_DIR}/node/main.cpp)
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC millrace_options ${arg_LINK})
    add_dependencies(${name} millrace_version)
    if(arg_CAF)
      millrace_use_caf(${name})
    endif()
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE millrace_options ${arg_LINK})
    if(arg_CAF)
      target_link_libraries(${name} INTERFACE CAF::core)
    endif()
  endif()
endfunction()
