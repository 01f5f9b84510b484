// json.h: whether a text is JSON.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "core/event/json_reader.h"

namespace tocsin::fuzz {

// With numbers of any size, as in what a client is handed back as it sent it.
inline bool IsJson(std::string_view text) {
  boost::json::value value;
  OpaqueMember as_sent{"a"};
  return ParseJson("{\"a\":" + std::string(text) + "}", value, as_sent).ok();
}

}  // namespace tocsin::fuzz
