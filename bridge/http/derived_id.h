// derived_id.h: ids made from what a sender calls a thing by, so that the same thing sent again has
// the same id, and the hub's dedup window sees it.
//
// Threads: pure.
// Source:  RFC 9562, section 5.8 (version 8): the first bits of a SHA-256.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace tocsin::bridge {

// `space` says what kind of name the parts are, so that ids of two kinds never meet: "idempotency
// key of submitAlert". Parts are told apart: {"ab", "c"} is not {"a", "bc"}.
std::string DerivedUuid(std::string_view space, std::initializer_list<std::string_view> parts);

}  // namespace tocsin::bridge
