#include "bridge/graphql/scalars.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "core/base/check.h"
#include "core/event/json_writer.h"
#include "core/event/text.h"
#include "core/event/uuid.h"

namespace tocsin::bridge::graphql {
namespace {

namespace json = boost::json;
using Coerced = std::optional<json::value>;

// A whole number, written in whatever form: 3, 3.0, 3e0.
std::optional<int64_t> WholeNumber(const json::value& given, int64_t least, int64_t most) {
  std::optional<int64_t> number;
  if (given.is_int64()) {
    number = given.get_int64();
  } else if (given.is_double()) {
    const double real = given.get_double();
    if (std::trunc(real) == real && std::abs(real) < 0x1p62) number = static_cast<int64_t>(real);
  }
  return number && *number >= least && *number <= most ? number : std::nullopt;
}

Coerced CoerceInt(const json::value& given) {
  using Limits = std::numeric_limits<int32_t>;
  const auto number = WholeNumber(given, Limits::min(), Limits::max());
  return number ? Coerced(*number) : std::nullopt;
}

Coerced CoerceUInt53(const json::value& given) {
  const auto number = WholeNumber(given, 0, (int64_t{1} << 53) - 1);
  return number ? Coerced(*number) : std::nullopt;
}

Coerced CoerceFloat(const json::value& given) {
  if (!given.is_number()) return std::nullopt;
  const double number = given.to_number<double>();
  return std::isfinite(number) ? Coerced(number) : std::nullopt;
}

Coerced CoerceString(const json::value& given) {
  return given.is_string() ? Coerced(given) : std::nullopt;
}

Coerced CoerceBoolean(const json::value& given) {
  return given.is_bool() ? Coerced(given) : std::nullopt;
}

Coerced CoerceId(const json::value& given) {
  if (given.is_string()) return given;
  constexpr int64_t kMost = int64_t{1} << 53;
  const auto number = WholeNumber(given, -kMost, kMost);
  return number ? Coerced(std::to_string(*number)) : std::nullopt;
}

Coerced CoerceUuid(const json::value& given) {
  if (!given.is_string() || !IsUuid(given.get_string())) return std::nullopt;
  return Coerced(CanonicalUuid(given.get_string()));
}

Coerced CoerceDateTime(const json::value& given) {
  if (!given.is_string()) return std::nullopt;
  const auto time = ParseRfc3339(given.get_string());
  if (!time) return std::nullopt;
  std::string text;
  AppendJsonTime(text, *time);
  return Coerced(text);
}

Coerced CoerceMap(const json::value& given) {
  if (!given.is_object()) return std::nullopt;
  const json::object& map = given.get_object();
  const bool all_texts = std::all_of(map.begin(), map.end(),
                                     [](const auto& entry) { return entry.value().is_string(); });
  return all_texts ? Coerced(given) : std::nullopt;
}

struct Scalar {
  std::string_view name;
  Coerced (*coerce)(const json::value&);
  std::array<Value::Kind, 2> literals;
  std::string_view allowed;
};

using enum Value::Kind;
constexpr Scalar kScalars[] = {
    {"String", CoerceString, {kString, kString}, "a text"},
    {"Boolean", CoerceBoolean, {kBoolean, kBoolean}, "true or false"},
    {"Int", CoerceInt, {kInt, kInt}, "a whole number from -2147483648 to 2147483647"},
    {"Float", CoerceFloat, {kFloat, kInt}, "a finite number"},
    {"ID", CoerceId, {kString, kInt}, "a text or a whole number"},
    {"UUID", CoerceUuid, {kString, kString}, "a text of 8-4-4-4-12 hexadecimal digits"},
    {"DateTime",
     CoerceDateTime,
     {kString, kString},
     "an RFC 3339 time such as \"2026-01-02T03:04:05Z\""},
    {"Map", CoerceMap, {kObject, kObject}, "an object whose values are texts"},
    {"UInt53", CoerceUInt53, {kInt, kInt}, "a whole number from 0 to 9007199254740991"},
};

const Scalar* FindScalar(std::string_view name) {
  const auto* found = std::find_if(std::begin(kScalars), std::end(kScalars),
                                   [&](const Scalar& scalar) { return scalar.name == name; });
  return found == std::end(kScalars) ? nullptr : found;
}

const Scalar& ScalarOf(std::string_view name) {
  const Scalar* scalar = FindScalar(name);
  TOCSIN_CHECK(scalar != nullptr);
  return *scalar;
}

}  // namespace

bool IsKnownScalar(std::string_view name) { return FindScalar(name) != nullptr; }

std::string_view AllowedInScalar(std::string_view name) { return ScalarOf(name).allowed; }

std::optional<json::value> CoerceScalar(std::string_view name, const json::value& given) {
  return ScalarOf(name).coerce(given);
}

bool ScalarTakes(std::string_view name, Value::Kind literal) {
  const auto& literals = ScalarOf(name).literals;
  return std::find(literals.begin(), literals.end(), literal) != literals.end();
}

}  // namespace tocsin::bridge::graphql
