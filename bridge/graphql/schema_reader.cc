// Reads SDL into a Schema, by recursive descent like the parser of documents (parser.cc): every
// Read… answers false once something is wrong, and leaves the reason in status_.
//
// A type may be named before it is defined: it is made when it is first named, and filled in where
// it is defined. What was named and never defined is an error at the end.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/embedded.h"
#include "bridge/graphql/lexer.h"
#include "bridge/graphql/scalars.h"
#include "bridge/graphql/schema.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {

class SchemaReader {
 public:
  absl::StatusOr<Schema> Run(std::string_view sdl) {
    if (!ReadText(sdl, [this] { return ReadDefinition(); }) ||
        !ReadText(kBuiltinSdl, [this] { return ReadDefinition(); }) ||
        !ReadText(kMetaFields, [this] { return ReadMetaField(); }) || !Check()) {
      return status_;
    }
    schema_.schema_field_ = &schema_.meta_fields_[0];
    schema_.type_field_ = &schema_.meta_fields_[1];
    schema_.typename_field_ = &schema_.meta_fields_[2];
    return std::move(schema_);
  }

 private:
  static constexpr std::string_view kMetaFields =
      "\"What the server can be asked.\" __schema: __Schema! "
      "\"The type of that name; null where there is none.\" __type(name: String!): __Type "
      "\"The name of the object's type.\" __typename: String!";
  static constexpr std::array<std::string_view, 5> kOptionalScalars = {"Int", "Float", "String",
                                                                       "Boolean", "ID"};
  // Lists within lists, of types and default values.
  static constexpr size_t kNesting = 16;

  // ---- tokens ----

  template <typename Read>
  bool ReadText(std::string_view text, Read read) {
    text_ = schema_.texts_.emplace_back(text);
    lexer_.emplace(text_);
    if (!Advance()) return false;
    while (token_.kind != TokenKind::kEnd) {
      if (!read()) return false;
    }
    return true;
  }

  bool Advance() {
    auto next = lexer_->Next();
    if (const auto* error = std::get_if<DocumentError>(&next)) {
      return Fail(error->message, error->offsets[0]);
    }
    token_ = std::get<Token>(std::move(next));
    return true;
  }

  bool Fail(std::string_view what, size_t offset) {
    const Place place = PlaceAt(text_, offset);
    status_ = absl::InvalidArgumentError(absl::StrCat("line ", place.line, ": ", ToAbsl(what)));
    return false;
  }
  bool Unexpected(std::string_view wanted) {
    return Fail(absl::StrCat("expected ", ToAbsl(wanted), ", but found ",
                             token_.kind == TokenKind::kEnd ? "the end" : ToAbsl(token_.text)),
                token_.offset);
  }
  bool Expect(std::string_view punctuator) {
    return token_.Is(punctuator) ? Advance() : Unexpected(punctuator);
  }

  bool ReadName(std::string& name) {
    if (token_.kind != TokenKind::kName) return Unexpected("a name");
    name = token_.text;
    return Advance();
  }
  // A name that none of `others` has.
  template <typename Named>
  bool ReadNewName(Named& named, const std::vector<Named>& others) {
    const size_t offset = token_.offset;
    if (!ReadName(named.name)) return false;
    const auto same = [&](const Named& other) {
      return &other != &named && other.name == named.name;
    };
    if (std::none_of(others.begin(), others.end(), same)) return true;
    return Fail(absl::StrCat(named.name, " is defined twice"), offset);
  }

  bool ReadDescription(std::string& description) {
    if (token_.kind != TokenKind::kString && token_.kind != TokenKind::kBlockString) return true;
    description = std::move(token_.value);
    return Advance();
  }

  template <typename Read>
  bool Many(std::string_view open, std::string_view close, Read read) {
    if (!Expect(open) || !read()) return false;
    while (!token_.Is(close)) {
      if (!read()) return false;
    }
    return Advance();
  }

  // ---- definitions ----

  bool ReadDefinition() {
    std::string description;
    if (!ReadDescription(description)) return false;
    if (token_.IsName("directive")) return ReadDirective(std::move(description));
    constexpr std::array<std::pair<std::string_view, NamedType::Kind>, 4> kKinds = {{
        {"scalar", NamedType::Kind::kScalar},
        {"type", NamedType::Kind::kObject},
        {"enum", NamedType::Kind::kEnum},
        {"input", NamedType::Kind::kInputObject},
    }};
    for (const auto& [keyword, kind] : kKinds) {
      if (token_.IsName(keyword)) return ReadType(kind, std::move(description));
    }
    return Unexpected("scalar, type, enum, input or directive");
  }

  bool ReadType(NamedType::Kind kind, std::string description) {
    const size_t offset = token_.offset;
    std::string name;
    if (!Advance() || !ReadName(name)) return false;
    if (kind == NamedType::Kind::kScalar && IsLeftOut(name)) return true;
    NamedType& type = Named(name, offset);
    if (std::find(schema_.types_.begin(), schema_.types_.end(), &type) != schema_.types_.end()) {
      return Fail(absl::StrCat(name, " is defined twice"), offset);
    }
    schema_.types_.push_back(&type);
    type.kind = kind;
    type.description = std::move(description);
    switch (kind) {
      case NamedType::Kind::kScalar:
        return IsKnownScalar(name) ||
               Fail(absl::StrCat("the scalar ", name, " has no coercion"), offset);
      case NamedType::Kind::kObject:
        return Many("{", "}", [&] { return ReadField(type); });
      case NamedType::Kind::kEnum:
        return Many("{", "}", [&] { return ReadEnumValue(type); });
      case NamedType::Kind::kInputObject:
        return Many("{", "}", [&] { return ReadInputValue(type.input_fields); });
    }
    return false;
  }

  // One of the specification's scalars that nothing names.
  bool IsLeftOut(const std::string& name) const {
    return std::find(kOptionalScalars.begin(), kOptionalScalars.end(), name) !=
               kOptionalScalars.end() &&
           schema_.Find(name) == nullptr;
  }

  bool ReadField(NamedType& type) {
    Field& field = type.fields.emplace_back();
    field.parent = &type;
    return ReadDescription(field.description) && ReadNewName(field, type.fields) &&
           ReadRestOfField(field);
  }

  bool ReadMetaField() {
    Field& field = schema_.meta_fields_.emplace_back();
    return ReadDescription(field.description) && ReadName(field.name) && ReadRestOfField(field);
  }

  bool ReadRestOfField(Field& field) {
    return ReadArguments(field.arguments) && Expect(":") && ReadTypeUse(field.type, true);
  }

  bool ReadArguments(std::vector<InputValue>& arguments) {
    return !token_.Is("(") || Many("(", ")", [&] { return ReadInputValue(arguments); });
  }

  bool ReadInputValue(std::vector<InputValue>& list) {
    InputValue& value = list.emplace_back();
    if (!ReadDescription(value.description) || !ReadNewName(value, list) || !Expect(":") ||
        !ReadTypeUse(value.type, false)) {
      return false;
    }
    return !token_.Is("=") || (Advance() && ReadConstant(value.default_value.emplace()));
  }

  bool ReadEnumValue(NamedType& type) {
    EnumValue& value = type.enum_values.emplace_back();
    return ReadDescription(value.description) && ReadNewName(value, type.enum_values);
  }

  // After the description.
  bool ReadDirective(std::string description) {
    DirectiveDefinition& directive = schema_.directives_.emplace_back();
    directive.description = std::move(description);
    if (!Advance() || !Expect("@") || !ReadNewName(directive, schema_.directives_) ||
        !ReadArguments(directive.arguments)) {
      return false;
    }
    if (token_.IsName("repeatable")) {
      directive.repeatable = true;
      if (!Advance()) return false;
    }
    if (!token_.IsName("on")) return Unexpected("on");
    do {
      if (!Advance() || !ReadName(directive.locations.emplace_back())) return false;
    } while (token_.Is("|"));
    return true;
  }

  // ---- types and values ----

  NamedType& Named(std::string_view name, size_t offset) {
    const auto found = schema_.by_name_.find(name);
    if (found != schema_.by_name_.end()) return const_cast<NamedType&>(*found->second);
    NamedType& type = schema_.named_.emplace_back();
    type.name = name;
    schema_.by_name_.emplace(type.name, &type);
    uses_.push_back({&type, PlaceAt(text_, offset).line, std::nullopt});
    return type;
  }

  // `output`: the type is a field's; otherwise an argument's or input field's.
  bool ReadTypeUse(const TypeUse*& use, bool output, size_t nesting = 0) {
    TypeUse& made = schema_.uses_.emplace_back();
    use = &made;
    const size_t offset = token_.offset;
    if (nesting == kNesting) return Fail("the type is nested too deeply", offset);
    if (token_.Is("[")) {
      made.kind = TypeUse::Kind::kList;
      if (!Advance() || !ReadTypeUse(made.inner, output, nesting + 1) || !Expect("]")) return false;
    } else {
      std::string name;
      if (!ReadName(name)) return false;
      NamedType& type = Named(name, offset);
      made.named = &type;
      uses_.push_back({&type, PlaceAt(text_, offset).line, output});
    }
    if (!token_.Is("!")) return true;
    use = &schema_.uses_.emplace_back(TypeUse{TypeUse::Kind::kNonNull, nullptr, &made});
    return Advance();
  }

  // Of an argument's default. Objects are not supported.
  bool ReadConstant(Value& value, size_t nesting = 0) {
    value.offset = token_.offset;
    value.text = token_.text;
    switch (token_.kind) {
      case TokenKind::kInt:
        value.kind = Value::Kind::kInt;
        return Advance();
      case TokenKind::kFloat:
        value.kind = Value::Kind::kFloat;
        return Advance();
      case TokenKind::kString:
      case TokenKind::kBlockString:
        value.kind = Value::Kind::kString;
        value.string = std::move(token_.value);
        return Advance();
      case TokenKind::kName:
        value.kind = KindOfName(token_.text);
        return Advance();
      default:
        break;
    }
    if (!token_.Is("[") || nesting == kNesting) return Unexpected("a default");
    value.kind = Value::Kind::kList;
    if (!Advance()) return false;
    while (!token_.Is("]")) {
      if (!ReadConstant(value.items.emplace_back(), nesting + 1)) return false;
    }
    return Advance();
  }

  // ---- when all has been read ----

  bool Check() {
    for (const Use& use : uses_) {
      const auto fail = [&](std::string_view what) {
        status_ = absl::InvalidArgumentError(
            absl::StrCat("line ", use.line, ": ", use.type->name, " ", ToAbsl(what)));
        return false;
      };
      const auto& types = schema_.types_;
      if (std::find(types.begin(), types.end(), use.type) == types.end()) {
        return fail("is not defined");
      }
      const bool object = use.type->kind == NamedType::Kind::kObject;
      const bool input = use.type->kind == NamedType::Kind::kInputObject;
      if (use.output.has_value() && (*use.output ? input : object)) {
        return fail(input ? "is an input type, and no field's" : "is no input type");
      }
    }
    const NamedType* query = schema_.Root(OperationType::kQuery);
    if (query != nullptr && query->kind == NamedType::Kind::kObject) return true;
    status_ = absl::InvalidArgumentError("there is no type Query");
    return false;
  }

  // Where a type is named.
  struct Use {
    const NamedType* type = nullptr;
    uint32_t line = 0;
    std::optional<bool> output;  // nothing: where it is defined
  };

  Schema schema_;
  std::string_view text_;
  std::optional<Lexer> lexer_;
  Token token_;
  std::vector<Use> uses_;
  absl::Status status_;
};

absl::StatusOr<Schema> Schema::Parse(std::string_view sdl) { return SchemaReader().Run(sdl); }

}  // namespace tocsin::bridge::graphql
