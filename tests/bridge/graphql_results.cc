// Reads lines of JSON from its standard input, {"query":…,"variables":{…},"event":{…}}, and prints a
// line for each: what a subscription tells of the event ("null": nothing), or what a query answers
// whose every incident is the event's. For comparison with another implementation
// (tests/clients/test_graphql_results.py).
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <iostream>
#include <string>
#include <variant>

#include "bridge/graphql/introspection.h"
#include "bridge/graphql/root_results.h"
#include "bridge/graphql/subscription.h"
#include "core/base/check.h"
#include "core/event/json_reader.h"
#include "core/event/names.h"
#include "core/event/text.h"
#include "core/event/time_proto.h"

namespace {

namespace json = boost::json;
using namespace tocsin;
using namespace tocsin::bridge::graphql;

std::string Refused(const Errors& errors) {
  std::string text = R"({"refused":)";
  AppendErrors(text, errors, absl::UnixEpoch());
  return text + '}';
}

std::string Told(const Prepared& prepared, const v1::Event& event) {
  const auto planned = Subscription::Plan(prepared);
  if (const auto* errors = std::get_if<Errors>(&planned)) return Refused(*errors);
  std::string text;
  const bool told = std::get<std::shared_ptr<const Subscription>>(planned)->Tell(text, event);
  return told ? text + '}' : "null";
}

std::string Answered(const Prepared& prepared, const v1::Event& event) {
  auto planned = PlanSelections(Schema::Tocsin(), prepared);
  if (const auto* errors = std::get_if<Errors>(&planned)) return Refused(*errors);
  RootResults results(std::get<std::unique_ptr<const SelectionPlan>>(std::move(planned)));
  for (size_t i = 0; i < results.size(); ++i) {
    if (!results.field(i).is_typename() && !TellOfSchema(results, i)) {
      results.Set(i, event.has_incident() ? &event.incident() : nullptr);
    }
  }
  return results.Text(absl::UnixEpoch());
}

// The form of the contract's JSON, and what the hub gives beside it.
v1::Event EventOf(const json::value& given) {
  absl::StatusOr<v1::Event> event = ReadJsonEvent(given, "event");
  TOCSIN_CHECK(event.ok());
  const json::object& object = given.as_object();
  event->set_sequence(object.at("sequence").to_number<uint64_t>());
  event->set_epoch(object.at("epoch").to_number<uint64_t>());
  if (const json::value* time = object.if_contains("time")) {
    SetTimestamp(*event->mutable_time(), ParseRfc3339(time->as_string().c_str()).value());
  }
  if (const json::value* before = object.if_contains("before")) {
    const auto state =
        EnumNumber(*v1::IncidentState_descriptor(), before->at("state").as_string().c_str());
    event->mutable_before()->set_state(static_cast<v1::IncidentState>(state.value()));
  }
  return *std::move(event);
}

std::string Result(const json::object& line) {
  Request request;
  request.query = line.at("query").as_string().c_str();
  request.variables = line.at("variables").as_object();
  const RequestBounds bounds{.depth = 30, .complexity = 10'000, .aliases = 10'000};
  const auto prepared = Prepare(Schema::Tocsin(), std::move(request), bounds);
  if (const auto* errors = std::get_if<Errors>(&prepared)) return Refused(*errors);
  const v1::Event event = EventOf(line.at("event"));
  const auto& ready = *std::get<std::shared_ptr<const Prepared>>(prepared);
  return ready.type() == OperationType::kSubscription ? Told(ready, event) : Answered(ready, event);
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::cout << Result(json::parse(line).as_object()) << '\n';
  }
}
