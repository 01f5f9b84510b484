#include "bridge/graphql/mutation_request.h"

#include <memory>
#include <utility>

#include "bridge/graphql/input_words.h"
#include "bridge/http/json_request.h"
#include "bridge/rest/submit_alert.h"
#include "core/base/check.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"

namespace tocsin::bridge::graphql {
namespace {

namespace json = boost::json;

// The argument that holds the fields of the body; empty where the arguments themselves do.
std::string_view InputOf(std::string_view mutation) {
  return mutation == "createIncident" || mutation == "submitAlert" ? "input"
         : mutation == "updateIncident"                            ? "patch"
         : mutation == "resolveIncident"                           ? "resolution"
                                                                   : "";
}

v1::EventType ActionOf(std::string_view mutation) {
  if (mutation == "resolveIncident") return v1::EVENT_TYPE_INCIDENT_RESOLVED;
  if (mutation == "addComment") return v1::EVENT_TYPE_COMMENT_ADDED;
  if (mutation == "assignIncident") return v1::EVENT_TYPE_ASSIGNMENT_CHANGED;
  TOCSIN_CHECK(mutation == "escalateIncident");
  return v1::EVENT_TYPE_ESCALATED;
}

// What is given under that name is taken out of the words; null is as if left out.
std::optional<json::value> Take(json::object& words, std::string_view name) {
  const auto found = words.find({name.data(), name.size()});
  if (found == words.end()) {
    return std::nullopt;
  }
  json::value taken = std::move(found->value());
  words.erase(found);
  return taken.is_null() ? std::nullopt : std::optional(std::move(taken));
}

absl::StatusOr<RequestKey> TakeKey(json::object& words) {
  const std::optional<json::value> key = Take(words, "idempotency_key");
  if (!key.has_value()) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(CheckIdempotencyKey(key->get_string().c_str(), "idempotency_key"));
  return std::string(key->get_string().c_str());
}

// What is left of the words is the body's, beside the fields of the input.
RequestBody BodyOf(json::object words, std::string_view input) {
  const std::optional<json::value> fields = input.empty() ? std::nullopt : Take(words, input);
  if (fields.has_value()) {
    for (const json::key_value_pair& field : fields->get_object()) {
      words.emplace(field.key(), field.value());
    }
  }
  return std::make_shared<const json::value>(std::move(words));
}

json::object WordsOf(const PlannedField& field) {
  return InContractWords(field.definition->arguments, field.arguments->values);
}

}  // namespace

absl::StatusOr<v1::SubmitAlertRequest> ReadAlert(const PlannedField& field) {
  json::object words = WordsOf(field);
  ASSIGN_OR_RETURN(const RequestKey key, TakeKey(words));
  return ReadAlertSubmission(*BodyOf(std::move(words), "input"), key);
}

absl::StatusOr<IncidentChange::Plan> ReadIncidentChange(const PlannedField& field) {
  const std::string& mutation = field.definition->name;
  json::object words = WordsOf(field);
  ChangeTarget target;
  ASSIGN_OR_RETURN(target.key, TakeKey(words));
  if (const auto sequence = Take(words, "if_sequence")) {
    target.if_match = static_cast<Sequence>(sequence->as_int64());
  }
  if (mutation == "createIncident") {
    return PlanNewIncident(BodyOf(std::move(words), "input"), std::move(target.key));
  }
  target.id = Take(words, "id")->as_string().c_str();
  RequestBody body = BodyOf(std::move(words), InputOf(mutation));
  return mutation == "updateIncident"
             ? PlanPatch(std::move(target), std::move(body))
             : PlanAction(std::move(target), ActionOf(mutation), std::move(body));
}

Error MutationError(const PlannedField& field, const absl::Status& status) {
  const std::string name = InGraphqlWords(ErrorDetailsOf(status).field);
  const std::string_view first = std::string_view(name).substr(0, name.find_first_of(".["));
  const bool is_argument = field.definition->FindArgument(first) != nullptr;
  return ErrorOf(status, is_argument ? "" : InputOf(field.definition->name));
}

}  // namespace tocsin::bridge::graphql
