#include "bridge/graphql/coercion.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/leaf_values.h"
#include "bridge/graphql/suggest.h"
#include "bridge/graphql/variable_types.h"
#include "core/base/strings.h"
#include "core/event/text.h"

namespace tocsin::bridge::graphql {
namespace {

namespace json = boost::json;

json::string_view ToJson(std::string_view text) { return {text.data(), text.size()}; }

const json::object& NoVariables() {
  static const auto* const none = new json::object;
  return *none;
}

// Where in a value one is: a chain on the stack, from the inside to the outside. It becomes a text
// only for an error.
struct Step {
  const Step* outer = nullptr;
  std::string_view name;  // of a field or of the whole; empty: the index
  size_t index = 0;

  std::string ToString() const {
    const std::string before = outer == nullptr ? std::string() : outer->ToString();
    return name.empty() ? IndexPath(before, index) : JoinPath(before, name);
  }
};

std::string NotGiven(std::string_view what, const InputValue& definition) {
  return absl::StrCat(ToAbsl(what), " \"", definition.name, "\" of required type \"",
                      definition.type->ToString(), "\" was not provided.");
}

std::string NoNull(const TypeUse& type) {
  return absl::StrCat("Expected type \"", type.ToString(), "\", found null.");
}

std::string NoSuchField(const NamedType& type, std::string_view field) {
  return absl::StrCat("Field ", Quote(field), " is not defined by type \"", type.name, "\".",
                      Suggest(field, type.input_fields));
}

// ---- literals ----

struct LiteralError {
  std::string message;
  std::string field;
  size_t offset = 0;
};

// Of the arguments of one field; the first error ends it.
class LiteralCoercer {
 public:
  explicit LiteralCoercer(const json::object& variables) : variables_(variables) {}

  const LiteralError& error() const { return error_; }

  // Nothing: an error.
  std::optional<json::value> Coerce(const TypeUse& type, const Value& literal, const Step& at) {
    if (literal.kind == Value::Kind::kVariable) return OfVariable(type, literal, at);
    if (literal.kind == Value::Kind::kNull) {
      if (type.non_null()) return Fail(NoNull(type), literal, at);
      return json::value(nullptr);
    }
    const TypeUse& nullable = type.nullable();
    if (nullable.kind == TypeUse::Kind::kList) return OfList(*nullable.inner, literal, at);
    if (nullable.named->kind == NamedType::Kind::kInputObject) {
      return OfObject(*nullable.named, literal, at);
    }
    LeafResult leaf = CoerceLeaf(*nullable.named, literal, &variables_);
    if (const auto* wrong = std::get_if<ValueError>(&leaf))
      return Fail(wrong->message, literal, at);
    return std::get<json::value>(std::move(leaf));
  }

  // A variable that was not given.
  bool IsMissing(const Value& literal) const {
    return literal.kind == Value::Kind::kVariable && !variables_.contains(ToJson(literal.text));
  }

  std::nullopt_t Fail(std::string message, const Value& literal, const Step& at) {
    error_ = {std::move(message), at.ToString(), literal.offset};
    return std::nullopt;
  }

 private:
  // It has been coerced to its own type, which validation has found to fit here.
  std::optional<json::value> OfVariable(const TypeUse& type, const Value& variable,
                                        const Step& at) {
    const json::value* given = variables_.if_contains(ToJson(variable.text));
    if (given != nullptr && !(given->is_null() && type.non_null())) return *given;
    return Fail(
        absl::StrCat("Expected type \"", type.ToString(), "\", but the variable ", Shown(variable),
                     given == nullptr ? " was not provided." : " is null."),
        variable, at);
  }

  std::optional<json::value> OfList(const TypeUse& item_type, const Value& literal,
                                    const Step& at) {
    json::array list;
    if (literal.kind != Value::Kind::kList) {
      auto only = Coerce(item_type, literal, at);
      if (!only) return std::nullopt;
      list.push_back(*std::move(only));
      return list;
    }
    for (const Value& item : literal.items) {
      if (IsMissing(item) && !item_type.non_null()) {
        list.push_back(nullptr);
        continue;
      }
      auto coerced = Coerce(item_type, item, {.outer = &at, .index = list.size()});
      if (!coerced) return std::nullopt;
      list.push_back(*std::move(coerced));
    }
    return list;
  }

  std::optional<json::value> OfObject(const NamedType& type, const Value& literal, const Step& at) {
    if (literal.kind != Value::Kind::kObject) {
      return Fail(absl::StrCat("Expected type \"", type.name, "\" (an object), found ",
                               Shown(literal), "."),
                  literal, at);
    }
    json::object object;
    for (const InputValue& field : type.input_fields) {
      const auto given =
          std::find_if(literal.fields.begin(), literal.fields.end(),
                       [&](const ObjectField& one) { return one.name.text == field.name; });
      const Value* value = given == literal.fields.end() ? nullptr : &given->value;
      if (value == nullptr || IsMissing(*value)) {
        if (field.required()) return Fail(NotGiven("Field", field), literal, at);
        if (!field.default_value) continue;
        value = &*field.default_value;
      }
      auto coerced = Coerce(*field.type, *value, {.outer = &at, .name = field.name});
      if (!coerced) return std::nullopt;
      object.emplace(field.name, *std::move(coerced));
    }
    for (const ObjectField& field : literal.fields) {
      if (type.FindInputField(field.name.text) == nullptr) {
        return Fail(NoSuchField(type, field.name.text), field.value, at);
      }
    }
    return object;
  }

  const json::object& variables_;
  LiteralError error_;
};

// ---- what a client sent for its variables ----

class VariableCoercer {
 public:
  VariableCoercer(const VariableDefinition& variable, std::string_view text, Errors& errors,
                  size_t max_errors)
      : variable_(variable), text_(text), errors_(errors), max_errors_(max_errors) {}

  // What it answers after an error is of no use.
  json::value Coerce(const TypeUse& type, const json::value& given, const Step& at) {
    if (errors_.size() >= max_errors_) return nullptr;
    if (given.is_null()) return type.non_null() ? Fail(NoNull(type), at) : json::value(nullptr);
    const TypeUse& nullable = type.nullable();
    if (nullable.kind == TypeUse::Kind::kList) return OfList(*nullable.inner, given, at);
    if (nullable.named->kind == NamedType::Kind::kInputObject) {
      return OfObject(*nullable.named, given, at);
    }
    LeafResult leaf = CoerceLeaf(*nullable.named, given);
    if (const auto* wrong = std::get_if<ValueError>(&leaf)) return Fail(wrong->message, at);
    return std::get<json::value>(std::move(leaf));
  }

 private:
  json::value OfList(const TypeUse& item_type, const json::value& given, const Step& at) {
    if (!given.is_array()) return json::array{Coerce(item_type, given, at)};
    json::array list;
    list.reserve(given.get_array().size());
    for (const json::value& item : given.get_array()) {
      list.push_back(Coerce(item_type, item, {.outer = &at, .index = list.size()}));
    }
    return list;
  }

  json::value OfObject(const NamedType& type, const json::value& given, const Step& at) {
    if (!given.is_object()) {
      return Fail(
          absl::StrCat("Expected type \"", type.name, "\" (an object), found ", Shown(given), "."),
          at);
    }
    json::object object;
    for (const InputValue& field : type.input_fields) {
      const Step step{.outer = &at, .name = field.name};
      if (const json::value* value = given.get_object().if_contains(field.name)) {
        object.emplace(field.name, Coerce(*field.type, *value, step));
      } else if (field.default_value) {
        auto coerced =
            LiteralCoercer(NoVariables()).Coerce(*field.type, *field.default_value, step);
        if (coerced) object.emplace(field.name, *std::move(coerced));
      } else if (field.type->non_null()) {
        Fail(NotGiven("Field", field), at);
      }
    }
    for (const auto& entry : given.get_object()) {
      if (type.FindInputField(entry.key()) == nullptr) Fail(NoSuchField(type, entry.key()), at);
    }
    return object;
  }

  json::value Fail(std::string_view what, const Step& at) {
    if (errors_.size() >= max_errors_) return nullptr;
    const std::string field = at.ToString();
    const std::string where = at.outer == nullptr ? "" : absl::StrCat(" at \"", field, "\"");
    errors_.push_back({.message = absl::StrCat("Variable \"$", ToAbsl(variable_.name.text),
                                               "\" got invalid value", where, "; ", ToAbsl(what)),
                       .locations = {PlaceAt(text_, variable_.offset)},
                       .code = kBadUserInput,
                       .field = field});
    return nullptr;
  }

  const VariableDefinition& variable_;
  const std::string_view text_;
  Errors& errors_;
  const size_t max_errors_;
};

Error VariableError(const VariableDefinition& variable, std::string_view what, size_t offset,
                    std::string_view text) {
  return {.message = absl::StrCat("Variable \"$", ToAbsl(variable.name.text), "\" ", ToAbsl(what)),
          .locations = {PlaceAt(text, offset)},
          .code = kBadUserInput,
          .field = std::string(variable.name.text)};
}

// Nothing: the variable is absent, or there is an error.
std::optional<json::value> CoerceVariable(const VariableDefinition& variable, const TypeUse* type,
                                          const json::object& given, std::string_view text,
                                          Errors& errors, size_t max_errors) {
  const std::string shown = absl::StrCat("type \"", ToString(variable.type), "\"");
  if (type == nullptr || !type->innermost().is_input()) {
    errors.push_back(VariableError(
        variable,
        absl::StrCat("expected value of ", shown, " which cannot be used as an input type."),
        variable.type.offset, text));
    return std::nullopt;
  }
  const Step at{.name = variable.name.text};
  if (const json::value* value = given.if_contains(ToJson(variable.name.text))) {
    return VariableCoercer(variable, text, errors, max_errors).Coerce(*type, *value, at);
  }
  if (variable.default_value) {
    LiteralCoercer coercer(NoVariables());
    auto coerced = coercer.Coerce(*type, *variable.default_value, at);
    if (!coerced) {
      errors.push_back(
          VariableError(variable, absl::StrCat("has an invalid default; ", coercer.error().message),
                        coercer.error().offset, text));
    }
    return coerced;
  }
  if (type->non_null()) {
    errors.push_back(VariableError(variable,
                                   absl::StrCat("of required ", shown, " was not provided."),
                                   variable.offset, text));
  }
  return std::nullopt;
}

}  // namespace

std::variant<json::object, Error> CoerceArguments(std::span<const InputValue> definitions,
                                                  const std::vector<Argument>& arguments,
                                                  const json::object& variables,
                                                  std::string_view text) {
  json::object coerced;
  LiteralCoercer coercer(variables);
  for (const InputValue& definition : definitions) {
    const auto given = std::find_if(
        arguments.begin(), arguments.end(),
        [&](const Argument& argument) { return argument.name.text == definition.name; });
    const Value* value = given == arguments.end() ? nullptr : &given->value;
    if (value == nullptr || coercer.IsMissing(*value)) {
      if (definition.required()) {
        Error error{.message = NotGiven("Argument", definition),
                    .code = kBadUserInput,
                    .field = definition.name};
        if (value != nullptr) error.locations.push_back(PlaceAt(text, value->offset));
        return error;
      }
      if (!definition.default_value) continue;
      value = &*definition.default_value;
    }
    auto one = coercer.Coerce(*definition.type, *value, {.name = definition.name});
    if (!one) {
      const LiteralError& wrong = coercer.error();
      return Error{.message = absl::StrCat("Argument \"", definition.name, "\" has invalid value; ",
                                           wrong.message),
                   .locations = {PlaceAt(text, wrong.offset)},
                   .code = kBadUserInput,
                   .field = wrong.field};
    }
    coerced.emplace(definition.name, *std::move(one));
  }
  return coerced;
}

std::variant<json::object, Errors> CoerceVariables(const Schema& schema, const Operation& operation,
                                                   const json::object& given, std::string_view text,
                                                   size_t max_errors) {
  json::object coerced;
  Errors errors;
  VariableTypes types(schema);
  for (const VariableDefinition& variable : operation.variables) {
    if (errors.size() >= max_errors) break;
    auto value = CoerceVariable(variable, types.Of(variable.type), given, text, errors, max_errors);
    if (value) coerced.emplace(ToJson(variable.name.text), *std::move(value));
  }
  if (!errors.empty()) return errors;
  return coerced;
}

}  // namespace tocsin::bridge::graphql
