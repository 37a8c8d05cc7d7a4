# Precompiled headers: one object library for each set of headers and flags,
# reused by every target of that kind. They hold what costs most to read
# (LibTorch ~30 s a file, then CLI11, Catch2, JSON) and never our own headers,
# so that an edit rebuilds only what includes it; json_instances.h declares
# nothing of ours.

# NAME's headers, for every target compiled with the same macros and -fPIC. The
# level of optimisation may differ, but for none at all (UNOPTIMISED). An
# unusable one is an error (-Winvalid-pch).
function(ume_precompiled_header name)
  cmake_parse_arguments(ARG "TORCH;UNOPTIMISED" "" "HEADERS" ${ARGN})
  set(source ${PROJECT_BINARY_DIR}/${name}_pch.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "// Owns a precompiled header.\n")
  add_library(ume_${name}_pch OBJECT ${source})
  ume_warnings(ume_${name}_pch)
  if(ARG_TORCH)
    target_link_libraries(ume_${name}_pch PUBLIC ume::torch)
  endif()
  if(ARG_UNOPTIMISED)
    ume_optimise(ume_${name}_pch -O0)
  endif()
  target_precompile_headers(ume_${name}_pch PRIVATE ${ARG_HEADERS})
endfunction()

# Programs too get -fPIC: a precompiled header serves one setting of it only.
# Sources that name the JSON library get NAME_json's headers, where there are
# any: having it read costs every other file a second.
function(ume_reuse_precompiled target name)
  target_precompile_headers(${target} REUSE_FROM ume_${name}_pch)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
  if(NOT TARGET ume_${name}_json_pch OR CMAKE_DISABLE_PRECOMPILE_HEADERS OR
     NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  set(headers
    ${PROJECT_BINARY_DIR}/CMakeFiles/ume_${name}_json_pch.dir/cmake_pch.hxx)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cpp$")
  foreach(source ${sources})
    file(STRINGS ${source} uses_json LIMIT_COUNT 1
         REGEX "^#include <nlohmann/json[.]hpp>")
    if(uses_json)
      set_property(SOURCE ${source} PROPERTY SKIP_PRECOMPILE_HEADERS ON)
      set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS
                   -Winvalid-pch -include ${headers})
      set_property(SOURCE ${source} PROPERTY OBJECT_DEPENDS
                   ${headers}.gch)
    endif()
  endforeach()
endfunction()

# Compiles `size` files at a time, where each costs seconds before its own first
# line: LibTorch's pending templates, CLI11's constants. Names in unnamed
# namespaces must then differ between the target's files.
# Not without precompiled headers: that build is for finding missing includes.
function(ume_compile_together target size)
  if(NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    set_target_properties(${target} PROPERTIES
      UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${size})
  endif()
endfunction()

# Another level than the build's, where compile time counts more than speed.
function(ume_optimise target level)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(${target} PRIVATE ${level})
  endif()
endfunction()

set(std_headers <algorithm> <array> <atomic> <chrono> <cmath>
  <condition_variable> <cstdint> <cstdio> <cstring> <deque> <filesystem>
  <fstream> <functional> <map> <memory> <mutex> <optional> <set> <span>
  <sstream> <stdexcept> <string> <string_view> <thread> <unordered_map>
  <utility> <variant> <vector>)
set(json_headers <nlohmann/json.hpp>
                 ${PROJECT_SOURCE_DIR}/common/json/json_instances.h)
ume_precompiled_header(plain HEADERS ${std_headers})
ume_precompiled_header(plain_json HEADERS ${std_headers} ${json_headers})
ume_precompiled_header(commands
  HEADERS ${std_headers} ${json_headers} <CLI/CLI.hpp>)
ume_precompiled_header(test UNOPTIMISED
  HEADERS ${std_headers} <catch2/catch.hpp>)
ume_precompiled_header(test_json UNOPTIMISED
  HEADERS ${std_headers} ${json_headers} <catch2/catch.hpp>)
