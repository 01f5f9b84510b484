#include "core/event/json_as_sent.h"

#include <boost/json/object.hpp>
#include <cstddef>

namespace tocsin {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\r";

// Where the string that begins at `at` ends.
size_t AfterString(std::string_view text, size_t at) {
  for (++at; text[at] != '"'; ++at) {
    at += text[at] == '\\' ? 1 : 0;
  }
  return at + 1;
}

// Where the value ends in which `at` is: at the comma or bracket after it.
size_t AfterValue(std::string_view text, size_t at) {
  for (int depth = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = AfterString(text, at);
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
      break;
    }
    depth += c == '{' || c == '[' ? 1 : 0;
    depth -= c == '}' || c == ']' ? 1 : 0;
    ++at;
  }
  return at;
}

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kWhiteSpace);
  return begin == std::string_view::npos
             ? std::string_view()
             : text.substr(begin, text.find_last_not_of(kWhiteSpace) + 1 - begin);
}

}  // namespace

std::vector<std::string_view> JsonParts(std::string_view text) {
  text = Trimmed(text);
  std::vector<std::string_view> parts;
  const bool is_object = text.starts_with('{');
  if ((!is_object && !text.starts_with('[')) || Trimmed(text.substr(1)).size() < 2) {
    return parts;
  }
  for (size_t at = 1; at < text.size(); ++at) {
    if (is_object) {
      at = text.find(':', AfterString(text, text.find('"', at))) + 1;
    }
    const size_t end = AfterValue(text, at);
    parts.push_back(Trimmed(text.substr(at, end - at)));
    at = end;
  }
  return parts;
}

std::string_view JsonMember(std::string_view text, const boost::json::object& object,
                            std::string_view name) {
  const auto found = object.find(name);
  return found == object.end() ? std::string_view()
                               : JsonParts(text)[static_cast<size_t>(found - object.begin())];
}

std::string CompactJson(std::string_view text) {
  std::string compact;
  compact.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t end = text[at] == '"' ? AfterString(text, at) : at + 1;
    if (kWhiteSpace.find(text[at]) == std::string_view::npos) {
      compact.append(text, at, end - at);
    }
    at = end;
  }
  return compact;
}

}  // namespace tocsin
