// What the GraphQL language engine makes of documents, for comparison with another implementation
// (tests/clients/test_graphql_language.py).
//
//   graphql_verdicts [parse | validate | rules | coerce | arguments | prepare]
//
// Reads texts from its standard input, each after a line with its size in bytes, and prints a line
// for each:
//   parse     a document: "ok", or line, column and message of what is wrong
//   validate  a document: "syntax", or the places of all errors as JSON: [[[line,column],…],…]
//   rules     a document: "syntax", or the same by the rule that is broken: {"ScalarLeafs":[…],…}
//   coerce    {"query":…,"variables":…}: "syntax", the coerced variables as JSON, or "bad"
//   arguments the same of the arguments of the root field
//   prepare   a document: "ok", or the message of the first error
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <iostream>
#include <limits>
#include <string>
#include <string_view>
#include <variant>

#include "bridge/graphql/coercion.h"
#include "bridge/graphql/parser.h"
#include "bridge/graphql/request.h"
#include "bridge/graphql/schema.h"
#include "bridge/graphql/validation/rules.h"

namespace {

namespace json = boost::json;
using namespace tocsin::bridge::graphql;

constexpr size_t kAll = std::numeric_limits<size_t>::max();

std::string ParseVerdict(const std::string& text) {
  const auto parsed = Parse(text);
  const auto* error = std::get_if<DocumentError>(&parsed);
  if (error == nullptr) return "ok";
  const Place place = PlaceAt(text, error->offsets.at(0));
  return std::to_string(place.line) + ' ' + std::to_string(place.column) + ' ' + error->message;
}

json::array PlacesOf(const std::vector<DocumentError>& errors, const std::string& text) {
  json::array all;
  for (const DocumentError& error : errors) {
    json::array places;
    for (const size_t offset : error.offsets) {
      const Place place = PlaceAt(text, offset);
      places.push_back({place.line, place.column});
    }
    all.push_back(std::move(places));
  }
  return all;
}

std::string RulesVerdict(const std::string& text, bool by_rule) {
  const auto parsed = Parse(text);
  const auto* document = std::get_if<Document>(&parsed);
  if (document == nullptr) return "syntax";
  const Facts facts(Schema::Tocsin(), *document);
  json::object rules;
  json::array all;
  for (const Rule& rule : Rules()) {
    Findings findings(kAll);
    rule.check(facts, findings);
    if (findings.exhausted()) return "exhausted";
    auto places = PlacesOf(findings.Take(), text);
    all.insert(all.end(), places.begin(), places.end());
    if (!places.empty()) rules[rule.name] = std::move(places);
  }
  return by_rule ? json::serialize(rules) : json::serialize(all);
}

std::string CoerceVerdict(const std::string& text, bool arguments) {
  const json::value request = json::parse(text);
  const std::string query(request.at("query").as_string());
  const auto parsed = Parse(query);
  const auto* document = std::get_if<Document>(&parsed);
  if (document == nullptr) return "syntax";
  const Operation& operation = document->operations.at(0);
  const Schema& schema = Schema::Tocsin();
  const auto coerced =
      CoerceVariables(schema, operation, request.at("variables").as_object(), query);
  const auto* variables = std::get_if<json::object>(&coerced);
  if (variables == nullptr) return "bad";
  if (!arguments) return json::serialize(*variables);
  const Selection& root = operation.selections.at(0);
  const Field* field = FieldOf(schema, schema.Root(operation.type), root.name.text);
  const auto values = CoerceArguments(field->arguments, root.arguments, *variables, query);
  const auto* good = std::get_if<json::object>(&values);
  return good == nullptr ? "bad" : json::serialize(*good);
}

std::string PrepareVerdict(const std::string& text) {
  const auto prepared = Prepare(Schema::Tocsin(), {.query = text});
  const auto* errors = std::get_if<Errors>(&prepared);
  return errors == nullptr ? "ok" : errors->front().message;
}

std::string VerdictOn(std::string_view what, const std::string& text) {
  if (what == "parse") return ParseVerdict(text);
  if (what == "coerce" || what == "arguments") return CoerceVerdict(text, what == "arguments");
  if (what == "prepare") return PrepareVerdict(text);
  return RulesVerdict(text, what == "rules");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "parse";
  std::string size;
  while (std::getline(std::cin, size)) {
    std::string text(std::stoul(size), '\0');
    std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
    std::cin.ignore();  // the line's end
    std::cout << VerdictOn(what, text) << '\n';
  }
}
