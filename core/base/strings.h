// strings.h: the one place where std::string_view and absl::string_view meet.
//
// Debian builds Abseil with a string_view of its own that converts neither way, so all code here
// uses std::string_view and converts at the call into Abseil.
#pragma once

#include <string_view>

#include "absl/strings/string_view.h"

namespace tocsin {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

// For containers keyed by std::string that are looked up by a view.
struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
struct StringEq {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
};

}  // namespace tocsin
