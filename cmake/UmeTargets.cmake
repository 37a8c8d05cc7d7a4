# Targets of the project: one static library per folder, one test program per
# folder of tests/.

function(ume_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Werror)
  if(UME_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${UME_SANITIZE}
                                            -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${UME_SANITIZE})
  endif()
endfunction()

function(ume_use_torch target)
  target_link_libraries(${target} PUBLIC ume::torch)
  target_precompile_headers(${target} REUSE_FROM ume_torch_pch)
  # Programs too: a precompiled header serves one setting of -fPIC only.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
endfunction()

# All .cpp files below the calling folder, or SOURCES where given.
# DEPS: the only folders these files may include (tools/check_layers.py).
# LINK: outside libraries used in .cpp files only. TORCH: the folder's headers
# show tensors; only from kernels/ upward.
function(ume_library folder)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPS;LINK" ${ARGN})
  if(NOT ARG_SOURCES)
    file(GLOB_RECURSE ARG_SOURCES CONFIGURE_DEPENDS *.cpp)
  endif()
  add_library(ume_${folder} STATIC ${ARG_SOURCES})
  target_include_directories(ume_${folder} PUBLIC ${PROJECT_SOURCE_DIR})
  ume_warnings(ume_${folder})
  list(TRANSFORM ARG_DEPS PREPEND ume_)
  target_link_libraries(ume_${folder} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_LINK})
  if(ARG_TORCH)
    ume_use_torch(ume_${folder})
  endif()
endfunction()

# A Catch2 program build/PRESET/bin/ume_tests_NAME, one ctest entry, of all
# .cpp files in the calling folder, or of SOURCES where given.
# LABELS: unit, dist, gpu or slow (docs/contributing.md). It runs in the
# project's root, so that fixtures are tests/fixtures/….
function(ume_test_program name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPS;LINK;LABELS" ${ARGN})
  if(NOT ARG_SOURCES)
    file(GLOB ARG_SOURCES CONFIGURE_DEPENDS *.cpp)
  endif()
  add_executable(ume_tests_${name} ${ARG_SOURCES})
  ume_warnings(ume_tests_${name})
  list(TRANSFORM ARG_DEPS PREPEND ume_)
  target_link_libraries(ume_tests_${name}
    PRIVATE ume_test_main ${ARG_DEPS} ${ARG_LINK})
  set_target_properties(ume_tests_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  if(ARG_TORCH)
    ume_use_torch(ume_tests_${name})
  endif()
  add_test(NAME ${name}
    COMMAND ume_tests_${name} --reporter junit
            --out ${PROJECT_BINARY_DIR}/test-results/${name}.xml
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 600
    ENVIRONMENT "OMP_NUM_THREADS=1;OPENBLAS_NUM_THREADS=1")
endfunction()

# build/PRESET/bin/ume_bench_NAME of NAME_bench.cpp, part of the target
# ume_benches only.
function(ume_bench_program name)
  cmake_parse_arguments(ARG "TORCH" "" "DEPS;LINK" ${ARGN})
  add_executable(ume_bench_${name} EXCLUDE_FROM_ALL ${name}_bench.cpp)
  ume_warnings(ume_bench_${name})
  list(TRANSFORM ARG_DEPS PREPEND ume_)
  target_include_directories(ume_bench_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(ume_bench_${name} PRIVATE ${ARG_DEPS} ${ARG_LINK})
  set_target_properties(ume_bench_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  if(ARG_TORCH)
    ume_use_torch(ume_bench_${name})
  endif()
  add_dependencies(ume_benches ume_bench_${name})
endfunction()

# A script as a test: exit code 0 is a pass.
function(ume_script_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "COMMAND;LABELS" ${ARGN})
  add_test(NAME ${name} COMMAND ${ARG_COMMAND}
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}"
                                          TIMEOUT ${ARG_TIMEOUT})
endfunction()
