// base64url.h: base64url as JWTs use it: without padding, and one text for each run of bytes.
//
// Shape:   what Encode writes is all that Decode reads: no padding, no spaces, no letter of another
//          alphabet, and no bits set that belong to no byte. So nobody can change a token's text
//          and leave its bytes as they are.
// Threads: pure.
// Source:  RFC 7515, section 2; RFC 4648, sections 3.5 and 5.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

std::string EncodeBase64Url(std::string_view bytes);
// Nothing where the text is not of that form.
std::optional<std::string> DecodeBase64Url(std::string_view text);

}  // namespace tocsin
