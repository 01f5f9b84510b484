#include "bridge/graphql/string_literal.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/hex.h"

namespace tocsin::bridge::graphql {
namespace {

constexpr std::string_view kBlockQuotes = "\"\"\"";

StringLiteral Wrong(std::string message, size_t offset) {
  StringLiteral literal;
  literal.error = DocumentError{std::move(message), {offset}};
  return literal;
}

// The number that all of `digits` are. At most eight of them.
std::optional<uint32_t> Hex(std::string_view digits) {
  uint32_t number = 0;
  for (const char digit : digits) {
    const auto value = HexDigit(digit);
    if (!value) return std::nullopt;
    number = number << 4 | *value;
  }
  return number;
}

bool IsScalar(uint32_t code) { return code < 0xd800 || (code > 0xdfff && code <= 0x10ffff); }

void AppendUtf8(std::string& out, uint32_t code) {
  const auto append = [&out](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    append(code);
  } else if (code < 0x800) {
    append(0xc0 | code >> 6);
    append(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    append(0xe0 | code >> 12);
    append(0x80 | (code >> 6 & 0x3f));
    append(0x80 | (code & 0x3f));
  } else {
    append(0xf0 | code >> 18);
    append(0x80 | (code >> 12 & 0x3f));
    append(0x80 | (code >> 6 & 0x3f));
    append(0x80 | (code & 0x3f));
  }
}

// What an escape stands for, and its size in the text. Size 0: it is none.
struct Escape {
  uint32_t code = 0;
  size_t size = 0;
};

// \u{1F600}: one to eight digits.
Escape ReadVariableEscape(std::string_view text) {
  constexpr size_t kStart = 3;
  const size_t end = text.find('}', kStart);
  if (end == std::string_view::npos || end == kStart || end - kStart > 8) return {};
  const auto code = Hex(text.substr(kStart, end - kStart));
  return code && IsScalar(*code) ? Escape{*code, end + 1} : Escape{};
}

// \u0041, or two of them that are a surrogate pair.
Escape ReadFixedEscape(std::string_view text) {
  constexpr size_t kSize = 6;
  if (text.size() < kSize) return {};
  const auto code = Hex(text.substr(2, 4));
  if (!code) return {};
  if (IsScalar(*code)) return {*code, kSize};
  if (*code > 0xdbff || text.size() < 2 * kSize || text.substr(kSize, 2) != "\\u") return {};
  const auto trail = Hex(text.substr(kSize + 2, 4));
  if (!trail || *trail < 0xdc00 || *trail > 0xdfff) return {};
  return {0x10000 + ((*code - 0xd800) << 10) + (*trail - 0xdc00), 2 * kSize};
}

// `text` begins with the backslash.
Escape ReadEscape(std::string_view text) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (text.size() < 2) return {};
  if (text[1] == 'u') {
    return text.size() > 2 && text[2] == '{' ? ReadVariableEscape(text) : ReadFixedEscape(text);
  }
  const size_t letter = kLetters.find(text[1]);
  if (letter == std::string_view::npos) return {};
  return {static_cast<unsigned char>(kMeanings[letter]), 2};
}

size_t Indentation(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

// Takes the indentation that all lines but the first have in common off them, and drops the blank
// lines at both ends.
std::string WithoutIndentation(const std::vector<std::string>& lines) {
  size_t common = std::string::npos;
  size_t first = lines.size();
  size_t end = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t indentation = Indentation(lines[i]);
    if (indentation == lines[i].size()) continue;
    first = std::min(first, i);
    end = i + 1;
    if (i != 0) common = std::min(common, indentation);
  }
  std::vector<std::string_view> kept;
  for (size_t i = first; i < end; ++i) {
    const std::string_view line = lines[i];
    kept.push_back(i == 0 ? line : line.substr(std::min(common, line.size())));
  }
  return absl::StrJoin(kept, "\n", [](std::string* out, std::string_view line) { *out += line; });
}

}  // namespace

StringLiteral ReadString(std::string_view text) {
  StringLiteral literal;
  size_t i = 1;
  while (i < text.size() && text[i] != '\n' && text[i] != '\r') {
    if (text[i] == '"') {
      literal.size = i + 1;
      return literal;
    }
    if (text[i] != '\\') {
      literal.value.push_back(text[i++]);
      continue;
    }
    const Escape escape = ReadEscape(text.substr(i));
    if (escape.size == 0) return Wrong("the string has an escape that does not exist", i);
    AppendUtf8(literal.value, escape.code);
    i += escape.size;
  }
  return Wrong("the string has no closing quote on its line", i);
}

StringLiteral ReadBlockString(std::string_view text) {
  std::vector<std::string> lines(1);
  size_t i = kBlockQuotes.size();
  while (i < text.size()) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with(kBlockQuotes)) {
      StringLiteral literal;
      literal.value = WithoutIndentation(lines);
      literal.size = i + kBlockQuotes.size();
      return literal;
    }
    if (rest.starts_with("\\\"\"\"")) {
      lines.back() += kBlockQuotes;
      i += 4;
    } else if (rest[0] == '\n' || rest[0] == '\r') {
      lines.emplace_back();
      i += rest.starts_with("\r\n") ? 2 : 1;
    } else {
      lines.back().push_back(rest[0]);
      ++i;
    }
  }
  return Wrong("the block string has no closing \"\"\"", text.size());
}

}  // namespace tocsin::bridge::graphql
