#include "cli/pub_result.h"

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "core/event/json_writer.h"

namespace tocsin::cli {
namespace {

void AppendMember(std::string& out, std::string_view name, std::string_view value) {
  absl::StrAppend(&out, "\"", ToAbsl(name), "\":");
  AppendJsonString(out, value);
  out += ',';
}

}  // namespace

std::string ResultText(const v1::PublishResult& result, std::string_view type) {
  std::string text = absl::StrCat(result.duplicate() ? "duplicate of a published " : "published ",
                                  ToAbsl(type), " cursor=", result.cursor(), " id=", result.id());
  if (!result.incident_id().empty()) absl::StrAppend(&text, " incident=", result.incident_id());
  return text;
}

std::string ResultJson(const v1::PublishResult& result) {
  std::string out = "{";
  AppendMember(out, "id", result.id());
  AppendMember(out, "cursor", result.cursor());
  if (!result.incident_id().empty()) AppendMember(out, "incident_id", result.incident_id());
  absl::StrAppend(&out, "\"sequence\":", result.sequence(),
                  ",\"duplicate\":", result.duplicate() ? "true" : "false", "}");
  return out;
}

}  // namespace tocsin::cli
