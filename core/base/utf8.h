// utf8.h: whether bytes are UTF-8, and where such a text may be cut.
//
// Threads: pure.
// Source:  RFC 3629: no overlong form, no surrogate, nothing past U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace tocsin {

// Text that is mostly ASCII costs a look at every eighth byte.
bool IsUtf8(std::string_view text);

// The beginning of a text, of at most so many bytes: whole characters only.
std::string_view Utf8Prefix(std::string_view text, size_t max_bytes);

}  // namespace tocsin
