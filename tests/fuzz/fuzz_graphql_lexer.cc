// The tokens of any text are pieces of it, one after the other, and they come to an end.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "bridge/graphql/lexer.h"
#include "core/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin::bridge::graphql;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Lexer lexer(text);
  size_t end = 0;
  while (true) {
    const auto next = lexer.Next();
    if (const auto* error = std::get_if<DocumentError>(&next)) {
      TOCSIN_CHECK(error->offsets.at(0) >= end && error->offsets[0] <= size);
      return 0;
    }
    const auto& token = std::get<Token>(next);
    TOCSIN_CHECK(token.offset >= end && token.text.data() == text.data() + token.offset);
    end = token.offset + token.text.size();
    TOCSIN_CHECK(end <= size);
    if (token.kind == TokenKind::kEnd) return 0;
    TOCSIN_CHECK(!token.text.empty());
  }
}
