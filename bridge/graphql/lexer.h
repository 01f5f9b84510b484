// lexer.h: the tokens of a GraphQL document, one after the other.
//
// Shape:   Next reads the token after the last one. White space, commas, comments and a byte order
//          mark are skipped. A string's token has its value, without quotes and escapes.
// Threads: not thread-safe.
// Owns:    nothing; the text outlives it. It is UTF-8.
// Errors:  the offset of the first character that cannot belong to a token.
// Source:  GraphQL specification (September 2025), 2.1
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "bridge/graphql/place.h"

namespace tocsin::bridge::graphql {

enum class TokenKind { kEnd, kPunctuator, kName, kInt, kFloat, kString, kBlockString };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t offset = 0;
  std::string_view text;  // as it stands in the document
  std::string value;      // of a string

  bool Is(std::string_view punctuator) const {
    return kind == TokenKind::kPunctuator && text == punctuator;
  }
  bool IsName(std::string_view name) const { return kind == TokenKind::kName && text == name; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // At the end of the text a token of the kind kEnd, again and again.
  std::variant<Token, DocumentError> Next();

 private:
  void SkipIgnored();
  Token Take(TokenKind kind, size_t size);
  std::variant<Token, DocumentError> TakeNumber();
  std::variant<Token, DocumentError> TakeString();
  char At(size_t offset) const { return offset < text_.size() ? text_[offset] : '\0'; }
  std::string Shown(size_t offset) const;

  const std::string_view text_;
  size_t next_ = 0;
};

}  // namespace tocsin::bridge::graphql
