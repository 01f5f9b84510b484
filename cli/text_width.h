// text_width.h: how many columns of a terminal a text takes, and texts made to fit.
//
// Shape:   a character of East Asian scripts and most emoji take two columns, combining ones none.
// Threads: pure.
// Errors:  none: bytes that are not UTF-8 count as one column each.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin::cli {

size_t WidthOf(std::string_view text);

// The text in exactly `width` columns: cut, with … at its end, or filled up with spaces.
std::string FitTo(std::string_view text, size_t width);
// The text in at most `width` columns.
std::string CutTo(std::string_view text, size_t width);

}  // namespace tocsin::cli
