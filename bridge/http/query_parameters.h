// query_parameters.h: the query of a request's target as names and values.
//
// Threads: pure.
// Errors:  INVALID_MESSAGE with the parameter's name.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/http/message.h"

namespace tocsin::bridge {

// In order, percent-decoded. A plus sign is a space, as forms write it, but in the values of
// `with_plus`: a time may have one. `allowed` is told where a name cannot be read.
absl::StatusOr<std::vector<http::Field>> ReadQueryParameters(
    const http::HttpRequest& request, const std::vector<std::string>& allowed,
    std::initializer_list<std::string_view> with_plus = {});

// The values of a list: between the commas that have no backslash before them.
std::vector<std::string> ListValues(std::string_view text);

// "NAME PROBLEM".
absl::Status WrongParameter(std::string_view name, std::string_view problem,
                            std::vector<std::string> allowed = {});

// Of a parameter that is one of two words: whether it is `yes`.
absl::StatusOr<bool> OneOfTwo(const http::Field& parameter, const std::string& yes,
                              const std::string& no);
// A whole number within the bounds, of digits alone.
absl::StatusOr<uint32_t> WholeNumber(const http::Field& parameter, uint32_t least, uint32_t most);

}  // namespace tocsin::bridge
