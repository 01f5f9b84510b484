// closest.h: finds the name that a user probably meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tocsin {

// The candidate with the smallest edit distance, where a swap of neighbours counts as one edit.
// Nothing when no candidate is near.
std::optional<std::string> Closest(std::string_view typed, std::span<const std::string> candidates);

// "; did you mean 'X'?", or "" when nothing is near.
std::string DidYouMean(std::string_view typed, std::span<const std::string> candidates);

}  // namespace tocsin
