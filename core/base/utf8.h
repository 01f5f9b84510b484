// utf8.h: whether bytes are UTF-8.
//
// Threads: pure.
// Source:  RFC 3629: no overlong form, no surrogate, nothing past U+10FFFF.
#pragma once

#include <string_view>

namespace tocsin {

// Text that is mostly ASCII costs a look at every eighth byte.
bool IsUtf8(std::string_view text);

}  // namespace tocsin
