#include "core/auth/token_json.h"

#include <boost/json/value.hpp>

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/json_reader.h"

namespace tocsin {

absl::Status ParseTokenJson(std::string_view text, std::string_view part, Refusal refusal,
                            boost::json::value& value) {
  const absl::Status parsed = ParseJson(text, value);
  if (!parsed.ok()) {
    const bool named = !ErrorDetailsOf(parsed).field.empty();
    return Refuse(refusal, absl::StrCat("the ", ToAbsl(part),
                                        named ? " has a name twice, or a number out of range"
                                              : " is no JSON"));
  }
  if (!value.is_object()) {
    return Refuse(refusal, absl::StrCat("the ", ToAbsl(part), " is no JSON object"));
  }
  return absl::OkStatus();
}

}  // namespace tocsin
