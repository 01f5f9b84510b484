#include "bridge/graphql/lexer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bridge/graphql/string_literal.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

}  // namespace

std::variant<Token, DocumentError> Lexer::Next() {
  SkipIgnored();
  const char first = At(next_);
  if (next_ == text_.size()) return Take(TokenKind::kEnd, 0);
  if (std::string_view("!$&():=@[]{|}").find(first) != std::string_view::npos) {
    return Take(TokenKind::kPunctuator, 1);
  }
  if (text_.substr(next_).starts_with("...")) return Take(TokenKind::kPunctuator, 3);
  if (IsNameStart(first)) {
    size_t end = next_ + 1;
    while (IsNamePart(At(end))) ++end;
    return Take(TokenKind::kName, end - next_);
  }
  if (IsDigit(first) || first == '-') return TakeNumber();
  if (first == '"') return TakeString();
  return DocumentError{absl::StrCat("unexpected character ", Shown(next_)), {next_}};
}

void Lexer::SkipIgnored() {
  while (next_ < text_.size()) {
    const char c = text_[next_];
    if (c == '#') {
      next_ = std::min(text_.find_first_of("\r\n", next_), text_.size());
    } else if (c == ' ' || c == '\t' || c == ',' || c == '\n' || c == '\r') {
      ++next_;
    } else if (text_.substr(next_).starts_with(kByteOrderMark)) {
      next_ += kByteOrderMark.size();
    } else {
      return;
    }
  }
}

Token Lexer::Take(TokenKind kind, size_t size) {
  Token token{kind, next_, text_.substr(next_, size), {}};
  next_ += size;
  return token;
}

std::variant<Token, DocumentError> Lexer::TakeNumber() {
  const auto unexpected = [this](size_t at, std::string_view why) {
    return DocumentError{absl::StrCat("the number ", ToAbsl(why), ", not ", Shown(at)), {at}};
  };
  bool has_digits = true;
  size_t end = next_;
  const auto digits = [&] {
    has_digits = IsDigit(At(end));
    while (IsDigit(At(end))) ++end;
    return has_digits;
  };
  if (At(end) == '-') ++end;
  if (At(end) == '0') {
    if (IsDigit(At(++end))) return unexpected(end, "may have no digit after a leading 0");
  } else if (!digits()) {
    return unexpected(end, "needs a digit");
  }
  TokenKind kind = TokenKind::kInt;
  if (At(end) == '.') {
    kind = TokenKind::kFloat;
    ++end;
    if (!digits()) return unexpected(end, "needs a digit after its point");
  }
  if (At(end) == 'e' || At(end) == 'E') {
    kind = TokenKind::kFloat;
    ++end;
    if (At(end) == '+' || At(end) == '-') ++end;
    if (!digits()) return unexpected(end, "needs a digit in its exponent");
  }
  if (At(end) == '.' || IsNameStart(At(end))) {
    return unexpected(end, "must be followed by something else");
  }
  return Take(kind, end - next_);
}

std::variant<Token, DocumentError> Lexer::TakeString() {
  const std::string_view rest = text_.substr(next_);
  const bool block = rest.starts_with("\"\"\"");
  StringLiteral literal = block ? ReadBlockString(rest) : ReadString(rest);
  if (literal.error) {
    literal.error->offsets[0] += next_;
    return *std::move(literal.error);
  }
  Token token = Take(block ? TokenKind::kBlockString : TokenKind::kString, literal.size);
  token.value = std::move(literal.value);
  return token;
}

// The character as an error quotes it.
std::string Lexer::Shown(size_t offset) const {
  if (offset >= text_.size()) return "the end of the document";
  if (absl::ascii_iscntrl(static_cast<unsigned char>(text_[offset]))) {
    return absl::StrFormat("U+%04X", text_[offset]);
  }
  size_t size = 1;
  while ((static_cast<unsigned char>(At(offset + size)) & 0xc0) == 0x80) ++size;
  return absl::StrCat("'", ToAbsl(text_.substr(offset, size)), "'");
}

}  // namespace tocsin::bridge::graphql
