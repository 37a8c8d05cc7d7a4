# Targets of the project: one static library per folder, one test program per
# folder of tests/.

function(ume_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Never collect garbage below 4 GiB of it: up to a sixth of compile time.
    target_compile_options(${target} PRIVATE --param=ggc-min-heapsize=4194304)
  endif()
  if(UME_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${UME_SANITIZE}
                                            -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${UME_SANITIZE})
  endif()
endfunction()

# What a sanitizer reports in our code ends the test. tools/sanitizers/*.supp
# name what is not ours, with the reason.
set(UME_SANITIZER_SETTINGS
  "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1"
  "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
  "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tools/sanitizers/lsan.supp"
  "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tools/sanitizers/tsan.supp")

function(ume_use_torch target)
  target_link_libraries(${target} PUBLIC ume::torch)
  # First of all libraries: OpenBLAS, which a program may need for rewards, has
  # an sgemm_ too, several times slower on some hosts than LibTorch's own.
  target_link_options(${target} PRIVATE
    LINKER:--push-state,--no-as-needed,${DEPS_DIR}/libtorch/lib/libtorch_cpu.so,--pop-state)
  ume_reuse_precompiled(${target} torch)
endfunction()

# CLI11 is all inline functions, which are compiled wherever it is used.
function(ume_use_commands target)
  ume_reuse_precompiled(${target} commands)
  ume_optimise(${target} -O1)
  ume_compile_together(${target} 4)
endfunction()

# All .cpp files below the calling folder, or SOURCES where given.
# DEPS: targets of the folders that these files may include
# (tools/check_layers.py).
# LINK: outside libraries used in .cpp files only. TORCH: the folder's headers
# show tensors; only from kernels/ upward. COMMANDS: it reads command lines.
# PLAIN: files of such a folder that include neither, and so compile faster.
function(ume_library folder)
  cmake_parse_arguments(ARG "TORCH;COMMANDS" "" "SOURCES;PLAIN;DEPS;LINK"
                        ${ARGN})
  if(NOT ARG_SOURCES)
    file(GLOB_RECURSE ARG_SOURCES CONFIGURE_DEPENDS *.cpp)
  endif()
  list(TRANSFORM ARG_DEPS PREPEND ume_)
  if(ARG_PLAIN)
    list(TRANSFORM ARG_PLAIN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
    list(REMOVE_ITEM ARG_SOURCES ${ARG_PLAIN})
    add_library(ume_${folder}_plain OBJECT ${ARG_PLAIN})
    ume_warnings(ume_${folder}_plain)
    target_link_libraries(ume_${folder}_plain PRIVATE ${ARG_DEPS} ${ARG_LINK})
    ume_reuse_precompiled(ume_${folder}_plain plain)
    list(APPEND ARG_SOURCES $<TARGET_OBJECTS:ume_${folder}_plain>)
  endif()
  add_library(ume_${folder} STATIC ${ARG_SOURCES})
  target_include_directories(ume_${folder} PUBLIC ${PROJECT_SOURCE_DIR})
  ume_warnings(ume_${folder})
  target_link_libraries(ume_${folder} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_LINK})
  if(ARG_TORCH)
    ume_use_torch(ume_${folder})
    ume_compile_together(ume_${folder} 3)
  elseif(ARG_COMMANDS)
    ume_use_commands(ume_${folder})
  else()
    ume_reuse_precompiled(ume_${folder} plain)
  endif()
endfunction()

# A Catch2 program build/PRESET/bin/ume_tests_NAME, one ctest entry, of all
# .cpp files in the calling folder, or of SOURCES where given.
# LABELS: unit, dist, gpu or slow (docs/contributing.md), and `program` for all
# of them, which the sanitizers run. It runs in the
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
    ume_optimise(ume_tests_${name} -O1)
    ume_compile_together(ume_tests_${name} 4)
  else()
    ume_reuse_precompiled(ume_tests_${name} test)
    ume_optimise(ume_tests_${name} -O0)
  endif()
  add_test(NAME ${name}
    COMMAND ume_tests_${name} --reporter junit
            --out ${PROJECT_BINARY_DIR}/test-results/${name}.xml
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  set(settings OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1)
  if(UME_SANITIZE)
    list(APPEND settings ${UME_SANITIZER_SETTINGS})
    set(timeout 3000)
  else()
    set(timeout 600)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS};program"
    TIMEOUT ${timeout} ENVIRONMENT "${settings}")
  add_dependencies(ume_test_programs ume_tests_${name})
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
  else()
    ume_reuse_precompiled(ume_bench_${name} plain)
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
