// json_as_sent.h: values of a JSON text as their sender wrote them, for what is handed back or on:
// a tree of values has lost how a number was written, and numbers past a double's precision.
//
// Shape:   views of the text. Every text here is one that ParseJson has taken.
// Threads: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace boost::json {
class object;
}

namespace tocsin {

// The values of an object's members, or an array's elements, in order; none of other values.
std::vector<std::string_view> JsonParts(std::string_view text);
// The value of the object's member of that name; empty when there is none. `object` is what
// ParseJson made of `text`.
std::string_view JsonMember(std::string_view text, const boost::json::object& object,
                            std::string_view name);
// The text without the white space between its tokens.
std::string CompactJson(std::string_view text);

}  // namespace tocsin
