// Reads GraphQL documents from its standard input, each after a line with its size in bytes, and
// prints a line for each: "ok", or line, column and message of what is wrong. For comparison with
// another implementation (tests/clients/test_graphql_language.py).
#include <iostream>
#include <string>
#include <variant>

#include "bridge/graphql/parser.h"

namespace {

using namespace tocsin::bridge::graphql;

void PrintVerdict(const std::string& text) {
  const auto parsed = Parse(text);
  const auto* error = std::get_if<DocumentError>(&parsed);
  if (error == nullptr) {
    std::cout << "ok\n";
    return;
  }
  const Place place = PlaceAt(text, error->offsets.at(0));
  std::cout << place.line << ' ' << place.column << ' ' << error->message << '\n';
}

}  // namespace

int main() {
  std::string size;
  while (std::getline(std::cin, size)) {
    std::string text(std::stoul(size), '\0');
    std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
    std::cin.ignore();  // the line's end
    PrintVerdict(text);
  }
}
