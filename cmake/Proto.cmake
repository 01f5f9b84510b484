# Generated code: build/<preset>/gen.
set(TOCSIN_PROTO_ROOT ${CMAKE_SOURCE_DIR}/proto)
set(TOCSIN_GEN ${CMAKE_BINARY_DIR}/gen)
file(MAKE_DIRECTORY ${TOCSIN_GEN})

# tocsin_generate(OUT_VAR [GRPC] files…): the sources protoc makes; with GRPC the service stubs instead of the messages.
function(tocsin_generate out)
  cmake_parse_arguments(ARG "GRPC" "" "" ${ARGN})
  foreach(file ${ARG_UNPARSED_ARGUMENTS})
    string(REGEX REPLACE "\\.proto$" "" stem ${file})
    if(ARG_GRPC)
      set(made ${TOCSIN_GEN}/${stem}.grpc.pb.cc ${TOCSIN_GEN}/${stem}.grpc.pb.h)
      set(flags --grpc_out=${TOCSIN_GEN} --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>)
    else()
      set(made ${TOCSIN_GEN}/${stem}.pb.cc ${TOCSIN_GEN}/${stem}.pb.h)
      set(flags --cpp_out=${TOCSIN_GEN})
    endif()
    file(GLOB_RECURSE protos ${TOCSIN_PROTO_ROOT}/*.proto)
    add_custom_command(OUTPUT ${made}
      COMMAND protobuf::protoc -I ${TOCSIN_PROTO_ROOT} ${flags} ${file}
      DEPENDS ${protos} WORKING_DIRECTORY ${TOCSIN_PROTO_ROOT} VERBATIM COMMENT "protoc ${file}")
    list(APPEND sources ${made})
  endforeach()
  set(${out} ${sources} PARENT_SCOPE)
endfunction()
