// token_json.h: the JSON of a token, read strictly. Inside core/auth.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "core/auth/refusal.h"

namespace boost::json {
class value;
}

namespace tocsin {

// An object: valid UTF-8, no name twice, no number out of range, nothing after it. `part` ("header")
// is for the operator, who is told of no content.
absl::Status ParseTokenJson(std::string_view text, std::string_view part, Refusal refusal,
                            boost::json::value& value);

}  // namespace tocsin
