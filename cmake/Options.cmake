# What a build may choose, and the flags that every target of ours gets.
option(TOCSIN_TESTS "Build the unit tests" ON)
option(TOCSIN_BENCH "Build the benchmarks" ON)
set(TOCSIN_FUZZ "" CACHE STRING "Build the libFuzzer targets of these libraries (Clang)")
option(TOCSIN_JEMALLOC "Link the servers with jemalloc (never with a sanitizer)" ON)
set(TOCSIN_SANITIZE "" CACHE STRING "address,undefined | thread | empty")

option(TOCSIN_PLANTED "Hold the bugs of tests/planted, which the environment's TOCSIN_PLANT lets out (never in a release)" OFF)
configure_file(cmake/planted_option.h.in ${CMAKE_BINARY_DIR}/gen/planted_option.h)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers are cached too.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Every target alike, as precompiled headers ask for: gRPC's users get it from gRPC.
add_compile_options(-pthread)

add_library(tocsin_flags INTERFACE)
target_compile_options(tocsin_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(tocsin_flags INTERFACE -Wthread-safety)
else()
  # GCC 12 reports these falsely in optimised standard and Abseil headers, and the last one for designated initialisers, where
  # leaving a field at its default is the point.
  target_compile_options(tocsin_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds
                         -Wno-stringop-overflow -Wno-stringop-overread -Wno-dangling-pointer
                         -Wno-missing-field-initializers)
endif()
target_include_directories(tocsin_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(tocsin_flags INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ALL_NO_LIB)

if(TOCSIN_SANITIZE)
  add_compile_options(-fsanitize=${TOCSIN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TOCSIN_SANITIZE})
endif()

# A library of ours: tocsin_library(NAME [PCH layer] SOURCES … LINK …). NAME is its folder's name with underscores.
function(tocsin_library name)
  cmake_parse_arguments(ARG "" "PCH" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE tocsin_flags)
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  if(ARG_PCH)
    tocsin_use_pch(${name} ${ARG_PCH})
  endif()
endfunction()

function(tocsin_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} tocsin_flags)
endfunction()
