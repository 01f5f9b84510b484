// accept.h: what a client would rather be answered with: Accept, Accept-Encoding.
//
// Threads: pure.
// Source:  RFC 9110, section 12.5. What cannot be read in a range is passed over.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"

namespace tocsin::bridge {

struct AcceptRange {
  std::string value;       // "text/*", "gzip", "*"
  std::string parameters;  // what follows the first semicolon
  double quality = 1;

  // In any letter case, without quotes.
  std::optional<std::string> Parameter(std::string_view name) const;
};

// "text/html;charset=utf-8".
AcceptRange ReadRange(std::string_view text);
// Of all fields of that name, in order.
std::vector<AcceptRange> AcceptRanges(const http::HttpRequest& request, std::string_view name);
// How much the client wants `value`, a media type or a coding: the quality of the range that names
// it most closely; 0: not at all.
double Wanted(const std::vector<AcceptRange>& ranges, std::string_view value);
// True where a range names it whole, not by a wildcard, and wants it.
bool Names(const std::vector<AcceptRange>& ranges, std::string_view value);

}  // namespace tocsin::bridge
