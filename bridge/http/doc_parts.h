// doc_parts.h: what the descriptions of several routes have in common.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/http/route_table.h"

namespace tocsin::bridge {

inline constexpr char kTextSchema[] = R"({"type":"string"})";

// A schema among the document's own (api_schemas.cc).
std::string SchemaRef(std::string_view name);
std::string NumberSchema(uint32_t least, uint32_t most);

http::ParameterDoc IdempotencyDoc();
http::ParameterDoc IfMatchDoc();

}  // namespace tocsin::bridge
