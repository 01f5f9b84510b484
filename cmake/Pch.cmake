# Precompiled headers, one a layer: tocsin_pch_core, tocsin_pch_service, tocsin_pch_test. A target takes one with
# tocsin_use_pch(TARGET LAYER); its flags must be those of the layer's.
option(TOCSIN_PCH "Precompile the headers that most files include" ON)

function(tocsin_pch layer)
  if(TOCSIN_PCH)
    add_library(tocsin_pch_${layer} OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch/empty.cc)
    # Without the headers' times in it, so that ccache finds what was compiled with an equal one.
    target_compile_options(tocsin_pch_${layer} PRIVATE
                           $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
    target_link_libraries(tocsin_pch_${layer} PRIVATE tocsin_flags ${ARGN})
    target_precompile_headers(tocsin_pch_${layer} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch/${layer}.h)
  endif()
endfunction()

function(tocsin_use_pch target layer)
  if(TOCSIN_PCH)
    target_precompile_headers(${target} REUSE_FROM tocsin_pch_${layer})
  endif()
endfunction()
