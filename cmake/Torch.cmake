# LibTorch from DEPS_DIR as the target ume::torch, and its precompiled header.
set(libtorch ${DEPS_DIR}/libtorch)
if(NOT EXISTS ${libtorch}/complete)
  message(FATAL_ERROR
    "LibTorch is not in ${libtorch}. Run `make setup` "
    "(or set DEPS_DIR to a folder that another checkout has filled).")
endif()

add_library(ume_libtorch INTERFACE)
target_include_directories(ume_libtorch SYSTEM INTERFACE
  ${libtorch}/include ${libtorch}/include/torch/csrc/api/include)
target_link_libraries(ume_libtorch INTERFACE
  ${libtorch}/lib/libtorch_cpu.so ${libtorch}/lib/libc10.so pthread)
# libtorch_cpu itself needs libcudart, libcupti and libgomp from the same folder.
target_link_options(ume_libtorch INTERFACE
  -Wl,-rpath,${libtorch}/lib -Wl,-rpath-link,${libtorch}/lib)
add_library(ume::torch ALIAS ume_libtorch)

ume_precompiled_header(torch TORCH
  HEADERS <torch/autograd.h> <torch/types.h> <torch/utils.h> ${std_headers})
