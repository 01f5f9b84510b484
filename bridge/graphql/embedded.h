// embedded.h: the schema's files as texts, built in (embedded.cc.in).
//
// Threads: constants.
#pragma once

#include <string_view>

namespace tocsin::bridge::graphql {

extern const std::string_view kSchemaSdl;   // schema.graphql
extern const std::string_view kBuiltinSdl;  // builtin.graphql

}  // namespace tocsin::bridge::graphql
