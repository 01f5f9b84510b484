#include "bridge/graphql/leaf_values.h"

#include <boost/json/serialize.hpp>
#include <cstdint>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/graphql/scalars.h"
#include "core/base/strings.h"
#include "core/event/json_writer.h"
#include "core/event/text.h"

namespace tocsin::bridge::graphql {
namespace {

namespace json = boost::json;

std::string Allowed(const NamedType& type) {
  if (type.kind == NamedType::Kind::kScalar) return std::string(AllowedInScalar(type.name));
  return absl::StrCat("one of ", absl::StrJoin(type.enum_values, ", ",
                                               [](std::string* out, const EnumValue& value) {
                                                 *out += value.name;
                                               }));
}

ValueError Unfit(const NamedType& type, std::string_view found) {
  return {absl::StrCat("Expected type \"", type.name, "\" (", Allowed(type), "), found ",
                       ToAbsl(found), ".")};
}

json::value PlainNumber(const Value& literal) {
  int64_t whole = 0;
  const absl::string_view text = ToAbsl(literal.text);
  if (literal.kind == Value::Kind::kInt && absl::SimpleAtoi(text, &whole)) return whole;
  double real = 0;  // infinite where the text is past a double's range
  if (!absl::SimpleAtod(text, &real)) return nullptr;
  return real;
}

// A literal as JSON has it. Variables that were not given, or may not be looked at, are left out.
json::value Plain(const Value& literal, const json::object* variables) {
  switch (literal.kind) {
    case Value::Kind::kInt:
    case Value::Kind::kFloat:
      return PlainNumber(literal);
    case Value::Kind::kString:
      return json::value(literal.string);
    case Value::Kind::kBoolean:
      return literal.text == "true";
    case Value::Kind::kObject: {
      json::object object;
      for (const auto& [name, value] : literal.fields) {
        if (value.kind != Value::Kind::kVariable) {
          object[name.text] = Plain(value, variables);
        } else if (const auto* given = variables ? variables->if_contains(value.text) : nullptr) {
          object[name.text] = *given;
        }
      }
      return object;
    }
    default:
      return nullptr;  // no scalar takes these
  }
}

}  // namespace

LeafResult CoerceLeaf(const NamedType& type, const json::value& given) {
  if (type.kind == NamedType::Kind::kEnum) {
    if (given.is_string() && type.FindEnumValue(given.get_string())) return given;
  } else if (auto coerced = CoerceScalar(type.name, given)) {
    return *std::move(coerced);
  }
  return Unfit(type, Shown(given));
}

LeafResult CoerceLeaf(const NamedType& type, const Value& literal, const json::object* variables) {
  if (type.kind == NamedType::Kind::kEnum) {
    if (literal.kind == Value::Kind::kEnum && type.FindEnumValue(literal.text)) {
      return json::value(json::string_view(literal.text.data(), literal.text.size()));
    }
  } else if (ScalarTakes(type.name, literal.kind)) {
    auto coerced = CoerceScalar(type.name, Plain(literal, variables));
    if (coerced) return *std::move(coerced);
  }
  return Unfit(type, Shown(literal));
}

std::string Shown(const json::value& given) {
  if (given.is_string()) return Quote(given.get_string());
  if (given.is_array()) return "a list";
  if (given.is_object()) return "an object";
  if (!given.is_double()) return json::serialize(given);
  std::string number;
  AppendJsonNumber(number, given.get_double());
  return number;
}

std::string Shown(const Value& literal) {
  switch (literal.kind) {
    case Value::Kind::kString:
      return Quote(literal.string);
    case Value::Kind::kList:
      return "a list";
    case Value::Kind::kObject:
      return "an object";
    case Value::Kind::kVariable:
      return absl::StrCat("$", ToAbsl(literal.text));
    default: {
      constexpr size_t kShown = 64;
      return std::string(literal.text.substr(0, kShown));
    }
  }
}

}  // namespace tocsin::bridge::graphql
