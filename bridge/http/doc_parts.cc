#include "bridge/http/doc_parts.h"

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"

namespace tocsin::bridge {

std::string SchemaRef(std::string_view name) {
  return absl::StrCat(R"({"$ref":"#/components/schemas/)", ToAbsl(name), "\"}");
}

std::string NumberSchema(uint32_t least, uint32_t most) {
  return absl::StrCat(R"({"type":"integer","minimum":)", least, R"(,"maximum":)", most, "}");
}

http::ParameterDoc IdempotencyDoc() {
  return {"Idempotency-Key", "header", "Makes a retry the same request.",
          R"({"type":"string","minLength":1,"maxLength":255,"pattern":"^[!-~]+$"})"};
}

http::ParameterDoc IfMatchDoc() {
  return {"If-Match", "header", "The change is made only while this is the incident's ETag.",
          R"({"type":"string","pattern":"^\"[1-9][0-9]{0,17}\"$"})"};
}

}  // namespace tocsin::bridge
