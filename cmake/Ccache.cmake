# Compiler cache, with settings that let precompiled headers hit it.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  if(NOT DEFINED ENV{CCACHE_DIR})
    set(ume_ccache_dir CCACHE_DIR=${PROJECT_SOURCE_DIR}/.ccache)
  endif()
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env ${ume_ccache_dir}
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_DEPEND=1 CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_MAXSIZE=5G ${CCACHE_PROGRAM})
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
endif()
