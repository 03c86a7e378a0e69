# What every file of ours is compiled with: warnings, sanitizers, ccache, and
# the headers of CAF precompiled.

add_library(millrace_options INTERFACE)
target_include_directories(millrace_options INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_options(millrace_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
  -Wno-restrict) # false alarms of GCC 12 on std::string, GCC bug 105329

# When it optimises, GCC 12 does not know that a std::string keeps only short
# texts within itself, and takes "a" + text, or a long literal in a struct that
# is moved, for a copy beyond its end (GCC bugs 105651, 109299). Which lines it
# reports changes with what it inlines. The sanitizers of the presets dev and
# tsan, where these warnings stay on, find what is truly out of bounds.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
    AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(millrace_options INTERFACE
    "$<$<CONFIG:Release>:-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>")
endif()

if(MILLRACE_SANITIZER STREQUAL "address")
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(MILLRACE_SANITIZER STREQUAL "thread")
  # Under -O1, GCC 12 also takes the short form of std::string for its bounds.
  set(sanitizers -fsanitize=thread
    -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
elseif(MILLRACE_SANITIZER)
  message(FATAL_ERROR "MILLRACE_SANITIZER is address, thread or empty")
endif()
if(MILLRACE_SANITIZER)
  target_compile_options(millrace_options INTERFACE
    ${sanitizers} -fno-omit-frame-pointer
    -Wno-maybe-uninitialized -Wno-tsan) # wrong where sanitizers add code
  target_link_options(millrace_options INTERFACE ${sanitizers})
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache's manual asks for with precompiled headers.
  # Paths are taken relative to the checkout, so that a second one (a worktree)
  # finds what the first has compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER env
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${CCACHE})
endif()

# Built once and shared by every target that says CAF; its headers cost more to
# read than most of our files.
file(CONFIGURE OUTPUT precompiled-caf.cpp CONTENT "")
add_library(millrace_precompiled_caf OBJECT
  ${CMAKE_CURRENT_BINARY_DIR}/precompiled-caf.cpp)
target_link_libraries(millrace_precompiled_caf PUBLIC
  millrace_options CAF::core CAF::io)
target_compile_options(millrace_precompiled_caf PUBLIC -fpch-preprocess)
target_precompile_headers(millrace_precompiled_caf PRIVATE
  <caf/all.hpp> <chrono> <cstdint> <map> <memory> <optional> <string>
  <string_view> <unordered_map> <utility> <variant> <vector>)

function(millrace_use_caf target)
  if(CMAKE_DISABLE_PRECOMPILE_HEADERS)
    target_link_libraries(${target} PUBLIC CAF::core)
    return()
  endif()
  target_compile_options(${target} PRIVATE -fpch-preprocess) # for ccache
  target_link_libraries(${target} PUBLIC CAF::core)
  target_precompile_headers(${target} REUSE_FROM millrace_precompiled_caf)
endfunction()
