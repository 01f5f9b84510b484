// Every Parse… answers false once something is wrong, and leaves the reason in error_: callers hand
// that up and do no more. The present token has been read, the one after it has not.
#include "bridge/graphql/parser.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/lexer.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {
namespace {

class Parser {
 public:
  Parser(std::string_view text, const ParseBounds& bounds) : lexer_(text), bounds_(bounds) {}

  std::variant<Document, DocumentError> Run() {
    Document document;
    bool good = Advance();
    do {
      good = good && ParseDefinition(document);
    } while (good && token_.kind != TokenKind::kEnd);
    if (good) return document;
    return *std::move(error_);
  }

 private:
  // ---- tokens ----

  bool Advance() {
    auto next = lexer_.Next();
    if (auto* error = std::get_if<DocumentError>(&next)) {
      error_ = std::move(*error);
      return false;
    }
    token_ = std::get<Token>(std::move(next));
    if (token_.kind != TokenKind::kEnd && ++tokens_ > bounds_.tokens) {
      return Fail(absl::StrCat("the document has more than ", bounds_.tokens, " tokens"),
                  token_.offset);
    }
    return true;
  }

  bool Fail(std::string message, size_t offset) {
    error_ = DocumentError{std::move(message), {offset}};
    return false;
  }

  bool Unexpected(std::string_view wanted) {
    return Fail(absl::StrCat("expected ", ToAbsl(wanted), ", but ", Found(token_)), token_.offset);
  }

  static std::string Found(const Token& token) {
    constexpr size_t kShown = 64;
    switch (token.kind) {
      case TokenKind::kEnd:
        return "the document ends";
      case TokenKind::kString:
      case TokenKind::kBlockString:
        return "found a string";
      default:
        return absl::StrCat("found ", ToAbsl(token.text.substr(0, kShown)));
    }
  }

  bool Expect(std::string_view punctuator) {
    return token_.Is(punctuator) ? Advance() : Unexpected(punctuator);
  }

  bool ParseName(Name& name, std::string_view wanted = "a name") {
    if (token_.kind != TokenKind::kName) return Unexpected(wanted);
    name = {token_.offset, token_.text};
    return Advance();
  }

  // What stands between `open` and `close`: one of it, or several. Nothing where `open` is not.
  template <typename Parse>
  bool OptionalMany(std::string_view open, std::string_view close, Parse parse) {
    return !token_.Is(open) || Many(open, close, parse);
  }
  template <typename Parse>
  bool Many(std::string_view open, std::string_view close, Parse parse) {
    if (!Expect(open) || !parse()) return false;
    return ManyMore(close, parse);
  }
  template <typename Parse>
  bool ManyMore(std::string_view close, Parse parse) {
    while (!token_.Is(close)) {
      if (!parse()) return false;
    }
    return Advance();
  }

  // Runs `parse` one level deeper.
  template <typename Parse>
  bool Nested(Parse parse) {
    if (nesting_ == bounds_.nesting) {
      return Fail(absl::StrCat("the document is nested deeper than ", bounds_.nesting),
                  token_.offset);
    }
    ++nesting_;
    const bool good = parse();
    --nesting_;
    return good;
  }

  // ---- definitions ----

  bool ParseDefinition(Document& document) {
    const size_t offset = token_.offset;
    const bool described = IsString(token_);
    if (!SkipDescription()) return false;
    const bool may_be_described = token_.IsName("query") || token_.IsName("mutation") ||
                                  token_.IsName("subscription") || token_.IsName("fragment");
    if (described && !may_be_described && (token_.Is("{") || token_.kind == TokenKind::kName)) {
      return Fail("a description may stand before query, mutation, subscription and fragment only",
                  offset);
    }
    if (token_.IsName("fragment")) {
      document.fragments.emplace_back().offset = offset;
      return ParseFragment(document.fragments.back());
    }
    document.operations.emplace_back().offset = offset;
    return ParseOperation(document.operations.back());
  }

  static bool IsString(const Token& token) {
    return token.kind == TokenKind::kString || token.kind == TokenKind::kBlockString;
  }

  bool SkipDescription() { return !IsString(token_) || Advance(); }

  bool ParseOperation(Operation& operation) {
    if (token_.Is("{")) return ParseSelections(operation.selections);
    if (token_.IsName("mutation")) {
      operation.type = OperationType::kMutation;
    } else if (token_.IsName("subscription")) {
      operation.type = OperationType::kSubscription;
    } else if (!token_.IsName("query")) {
      return Unexpected("query, mutation, subscription, fragment or {");
    }
    if (!Advance()) return false;
    if (token_.kind == TokenKind::kName && !ParseName(operation.name.emplace())) return false;
    return OptionalMany("(", ")",
                        [&] { return ParseVariable(operation.variables.emplace_back()); }) &&
           ParseDirectives(operation.directives) && ParseSelections(operation.selections);
  }

  bool ParseVariable(VariableDefinition& variable) {
    variable.offset = token_.offset;
    if (!SkipDescription() || !Expect("$") || !ParseName(variable.name, "a variable's name") ||
        !Expect(":") || !ParseType(variable.type)) {
      return false;
    }
    if (token_.Is("=")) {
      if (!Advance() || !ParseValue(variable.default_value.emplace(), /*constant=*/true)) {
        return false;
      }
    }
    return ParseDirectives(variable.directives, /*constant=*/true);
  }

  bool ParseType(TypeReference& type) {
    type.offset = token_.offset;
    if (token_.Is("[")) {
      type.kind = TypeReference::Kind::kList;
      type.inner = std::make_unique<TypeReference>();
      if (!Advance() || !Nested([&] { return ParseType(*type.inner); }) || !Expect("]")) {
        return false;
      }
    } else if (!ParseName(type.name, "a type")) {
      return false;
    }
    if (!token_.Is("!")) return true;
    auto inner = std::make_unique<TypeReference>(std::move(type));
    type = TypeReference{TypeReference::Kind::kNonNull, inner->offset, {}, std::move(inner)};
    return Advance();
  }

  bool ParseFragment(Fragment& fragment) {
    return Advance() && ParseFragmentName(fragment.name) && ParseOn() &&
           ParseName(fragment.type_condition, "a type") && ParseDirectives(fragment.directives) &&
           ParseSelections(fragment.selections);
  }

  bool ParseFragmentName(Name& name) {
    if (token_.IsName("on")) return Unexpected("a fragment's name");
    return ParseName(name, "a fragment's name");
  }

  bool ParseOn() { return token_.IsName("on") ? Advance() : Unexpected("on"); }

  // ---- selections ----

  bool ParseSelections(std::vector<Selection>& selections) {
    return Nested(
        [&] { return Many("{", "}", [&] { return ParseSelection(selections.emplace_back()); }); });
  }

  bool ParseSelection(Selection& selection) {
    selection.offset = token_.offset;
    return token_.Is("...") ? Advance() && ParseSpread(selection) : ParseField(selection);
  }

  bool ParseField(Selection& field) {
    if (!ParseName(field.name)) return false;
    if (token_.Is(":")) {
      field.alias = field.name;
      if (!Advance() || !ParseName(field.name)) return false;
    }
    if (!ParseArguments(field.arguments, /*constant=*/false) ||
        !ParseDirectives(field.directives)) {
      return false;
    }
    field.selections_offset = token_.offset;
    return !token_.Is("{") || ParseSelections(field.selections.emplace());
  }

  // After the "...".
  bool ParseSpread(Selection& spread) {
    if (token_.kind == TokenKind::kName && !token_.IsName("on")) {
      spread.kind = Selection::Kind::kFragmentSpread;
      return ParseFragmentName(spread.name) && ParseDirectives(spread.directives);
    }
    spread.kind = Selection::Kind::kInlineFragment;
    if (token_.IsName("on") &&
        (!Advance() || !ParseName(spread.type_condition.emplace(), "a type"))) {
      return false;
    }
    if (!ParseDirectives(spread.directives)) return false;
    spread.selections_offset = token_.offset;
    return ParseSelections(spread.selections.emplace());
  }

  bool ParseArguments(std::vector<Argument>& arguments, bool constant) {
    return OptionalMany("(", ")", [&] {
      Argument& argument = arguments.emplace_back();
      return ParseName(argument.name) && Expect(":") && ParseValue(argument.value, constant);
    });
  }

  bool ParseDirectives(std::vector<Directive>& directives, bool constant = false) {
    while (token_.Is("@")) {
      Directive& directive = directives.emplace_back();
      directive.offset = token_.offset;
      if (!Advance() || !ParseName(directive.name) ||
          !ParseArguments(directive.arguments, constant)) {
        return false;
      }
    }
    return true;
  }

  // ---- values ----

  // `constant`: no variable may be in it.
  bool ParseValue(Value& value, bool constant) {
    value.offset = token_.offset;
    value.text = token_.text;
    switch (token_.kind) {
      case TokenKind::kInt:
      case TokenKind::kFloat:
        value.kind = token_.kind == TokenKind::kInt ? Value::Kind::kInt : Value::Kind::kFloat;
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
    if (token_.Is("$")) return ParseVariableUse(value, constant);
    if (token_.Is("[")) return Nested([&] { return ParseList(value, constant); });
    if (token_.Is("{")) return Nested([&] { return ParseObject(value, constant); });
    return Unexpected("a value");
  }

  bool ParseVariableUse(Value& value, bool constant) {
    if (constant) return Fail("a variable's default may have no variable in it", token_.offset);
    value.kind = Value::Kind::kVariable;
    Name name;
    if (!Advance() || !ParseName(name, "a variable's name")) return false;
    value.text = name.text;
    return true;
  }

  bool ParseList(Value& value, bool constant) {
    value.kind = Value::Kind::kList;
    return Advance() &&
           ManyMore("]", [&] { return ParseValue(value.items.emplace_back(), constant); });
  }

  bool ParseObject(Value& value, bool constant) {
    value.kind = Value::Kind::kObject;
    return Advance() && ManyMore("}", [&] {
             ObjectField& field = value.fields.emplace_back();
             return ParseName(field.name) && Expect(":") && ParseValue(field.value, constant);
           });
  }

  Lexer lexer_;
  const ParseBounds bounds_;
  Token token_;
  size_t tokens_ = 0;
  size_t nesting_ = 0;
  std::optional<DocumentError> error_;
};

}  // namespace

std::variant<Document, DocumentError> Parse(std::string_view text, const ParseBounds& bounds) {
  return Parser(text, bounds).Run();
}

}  // namespace tocsin::bridge::graphql
