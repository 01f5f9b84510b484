// closest.h: what somebody probably meant to type.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tocsin {

// The candidate that the fewest single-letter changes lead to (swaps of neighbours count as one);
// nothing when none is near.
std::optional<std::string> Closest(std::string_view typed, std::span<const std::string> candidates);

// "; did you mean 'X'?", or "" when nothing is near.
std::string DidYouMean(std::string_view typed, std::span<const std::string> candidates);

}  // namespace tocsin
