// A finding is made field by field. An enum or a text of which an event has one value is among the
// filter's values or not; of resources one hit is enough; of labels each must be as the filter
// says. An event that has no value there does not match.
#include "core/event/explain.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/base/utf8.h"
#include "core/event/filter.h"
#include "core/event/limits.h"
#include "core/event/names.h"
#include "core/event/text.h"

namespace tocsin {
namespace {

using Texts = std::vector<std::string>;

constexpr size_t kNamedInASentence = 5;

std::string Cut(std::string_view value) {
  const std::string_view kept = Utf8Prefix(value, Explainer::kMaxValueBytes);
  return absl::StrCat(ToAbsl(kept), kept.size() < value.size() ? "…" : "");
}

void SetValues(const Texts& values, google::protobuf::RepeatedPtrField<std::string>& to) {
  for (const std::string& value : values) {
    if (to.size() == Explainer::kMaxValues) {
      return;
    }
    *to.Add() = Cut(value);
  }
}

// "P0, P1 and P2"; of many: "a, b, c, d, e and 3 more".
std::string Listing(const Texts& values) {
  if (values.size() <= 1) {
    return absl::StrJoin(values, "");
  }
  const bool all = values.size() <= kNamedInASentence;
  const size_t named = all ? values.size() - 1 : kNamedInASentence;
  const auto end = values.begin() + static_cast<std::ptrdiff_t>(named);
  const std::string last = all ? values.back() : absl::StrCat(values.size() - named, " more");
  return absl::StrCat(absl::StrJoin(values.begin(), end, ", "), " and ", last);
}

Texts Quoted(const Texts& values) {
  Texts quoted;
  for (const std::string& value : values) {
    quoted.push_back(Quote(value));
  }
  return quoted;
}

template <class Enum>
Texts EnumTexts(const google::protobuf::RepeatedField<int>& values) {
  Texts names;
  for (const int value : values) {
    names.emplace_back(NameOf(static_cast<Enum>(value)));
  }
  return names;
}

// The event's values of a field whose values are texts, in alphabetical order.
Texts ValuesOf(const EventFacts& facts, TermField field) {
  Texts values;
  for (const TermSet::Term& term : facts.terms()) {
    if (term.field == field) {
      values.emplace_back(facts.terms().value(term));
    }
  }
  std::sort(values.begin(), values.end());
  return values;
}

std::optional<std::string> LabelOf(const EventFacts& facts, std::string_view key) {
  for (const TermSet::Term& term : facts.terms()) {
    if (term.field == TermField::kLabel && facts.terms().key(term) == key) {
      return std::string(facts.terms().value(term));
    }
  }
  return std::nullopt;
}

bool Among(const Texts& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// What the fields' findings have in common. They are added in the order of the schema.
class Findings {
 public:
  Findings(const EventFacts& facts, std::string_view path, std::string_view subject,
           v1::Explanation& to)
      : facts_(facts), path_(path), subject_(subject), to_(to) {}

  void Add(const v1::Filter& filter);

 private:
  // A field of which an event has one value, or none.
  struct One {
    const char* field;
    const char* is;    // "severity is "
    const char* none;  // "the event has no severity"
  };
  void AddOneOf(const One& field, std::string value, const Texts& wanted, bool quoted);
  void AddResources(const Texts& wanted);
  void AddLabels(const v1::Filter& filter);
  void AddActive();
  v1::FieldExplanation& Add(std::string_view field, bool matches);

  const EventFacts& facts_;
  const std::string_view path_;
  const std::string_view subject_;
  v1::Explanation& to_;
};

v1::FieldExplanation& Findings::Add(std::string_view field, bool matches) {
  v1::FieldExplanation& added = *to_.add_fields();
  added.set_field(absl::StrCat(ToAbsl(path_), ToAbsl(field)));
  added.set_matches(matches);
  to_.set_matches(to_.matches() && matches);
  return added;
}

void Findings::Add(const v1::Filter& filter) {
  const auto texts = [](const auto& values) { return Texts(values.begin(), values.end()); };
  const auto first = [&](TermField field) {
    const Texts values = ValuesOf(facts_, field);
    return values.empty() ? std::string() : values.front();
  };
  AddOneOf({"event_types", "the type is ", "the event has no type"},
           std::string(NameOf(facts_.type())), EnumTexts<v1::EventType>(filter.event_types()),
           false);
  AddOneOf({"severities", "severity is ", "the event has no severity"},
           std::string(NameOf(facts_.severity())), EnumTexts<v1::Severity>(filter.severities()),
           false);
  AddOneOf({"states", "state is ", "the event has no incident, so no state"},
           std::string(NameOf(facts_.state())), EnumTexts<v1::IncidentState>(filter.states()),
           false);
  AddOneOf({"sources", "source is ", "the event has no source"}, first(TermField::kSource),
           texts(filter.sources()), true);
  AddResources(texts(filter.affected_resources()));
  AddLabels(filter);
  AddOneOf({"incident_ids", "the incident is ", "the event is about no incident"},
           first(TermField::kIncident), texts(filter.incident_ids()), false);
  if (filter.active_only()) {
    AddActive();
  }
}

void Findings::AddOneOf(const One& field, std::string value, const Texts& wanted, bool quoted) {
  if (wanted.empty()) {
    return;
  }
  v1::FieldExplanation& added = Add(field.field, !value.empty() && Among(wanted, value));
  const std::string has = value.empty() ? std::string(field.none)
                                        : absl::StrCat(field.is, quoted ? Quote(value) : value);
  added.set_reason(absl::StrCat(has, "; ", ToAbsl(subject_), " lets ",
                                Listing(quoted ? Quoted(wanted) : wanted), " through"));
  SetValues(value.empty() ? Texts() : Texts{std::move(value)}, *added.mutable_event_values());
  SetValues(wanted, *added.mutable_filter_values());
}

void Findings::AddResources(const Texts& wanted) {
  if (wanted.empty()) {
    return;
  }
  Texts values = ValuesOf(facts_, TermField::kResource);
  const auto others = std::stable_partition(
      values.begin(), values.end(), [&](const std::string& value) { return Among(wanted, value); });
  v1::FieldExplanation& added = Add("affected_resources", others != values.begin());
  const std::string has = values.empty()
                              ? "the event has no affected resources"
                              : absl::StrCat("affected resources are ", Listing(Quoted(values)));
  added.set_reason(
      absl::StrCat(has, "; ", ToAbsl(subject_), " lets ", Listing(Quoted(wanted)), " through"));
  SetValues(values, *added.mutable_event_values());
  SetValues(wanted, *added.mutable_filter_values());
}

// The labels that are not as they should be are named; when there is none, all of them.
void Findings::AddLabels(const v1::Filter& filter) {
  Texts right, wrong, values, wanted;
  std::vector<std::pair<std::string, std::string>> labels(filter.labels().begin(),
                                                          filter.labels().end());
  std::sort(labels.begin(), labels.end());
  for (const auto& [key, value] : labels) {
    const std::optional<std::string> has = LabelOf(facts_, key);
    wanted.push_back(absl::StrCat(key, "=", value));
    if (has) {
      values.push_back(absl::StrCat(key, "=", *has));
    }
    if (has == value) {
      right.push_back(absl::StrCat(Quote(key), " is ", Quote(value)));
    } else {
      const std::string is = has ? absl::StrCat(" is ", Quote(*has)) : " is not there";
      wrong.push_back(
          absl::StrCat(Quote(key), is, " where ", ToAbsl(subject_), " asks for ", Quote(value)));
    }
  }
  if (labels.empty()) {
    return;
  }
  v1::FieldExplanation& added = Add("labels", wrong.empty());
  added.set_reason(
      wrong.empty() ? absl::StrCat("label ", Listing(right), ", as ", ToAbsl(subject_), " asks for")
                    : absl::StrCat("label ", Listing(wrong)));
  SetValues(values, *added.mutable_event_values());
  SetValues(wanted, *added.mutable_filter_values());
}

void Findings::AddActive() {
  const v1::IncidentState state = facts_.state();
  const bool active =
      state >= v1::INCIDENT_STATE_DETECTED && state <= v1::INCIDENT_STATE_REMEDIATING;
  v1::FieldExplanation& added = Add("active_only", active);
  const std::string name(NameOf(state));
  const std::string has =
      name.empty() ? "the event is about no incident"
                   : absl::StrCat("state is ", name, ", which is ", active ? "active" : "over");
  added.set_reason(
      absl::StrCat(has, "; ", ToAbsl(subject_), " lets only active incidents through"));
  SetValues(name.empty() ? Texts() : Texts{name}, *added.mutable_event_values());
  *added.add_filter_values() = "true";
}

}  // namespace

absl::StatusOr<Explainer> Explainer::Compile(const v1::Filter& filter, const Filters& require) {
  if (static_cast<size_t>(require.size()) > limits::kRequiredFilters) {
    return FieldError(ErrorCode::kInvalidFilter, "require",
                      absl::StrCat("has ", require.size(), " filters"),
                      {absl::StrCat("at most ", limits::kRequiredFilters, " filters")});
  }
  Explainer explainer;
  ASSIGN_OR_RETURN(const FilterPtr own, Filter::Compile(filter, "filter"));
  explainer.parts_.push_back({"", "the filter", own->clauses().front().proto()});
  for (int i = 0; i < require.size(); ++i) {
    const std::string path = IndexPath("require", static_cast<size_t>(i));
    ASSIGN_OR_RETURN(const FilterPtr required, Filter::Compile(require[i], path));
    explainer.parts_.push_back({path + ".", path, required->clauses().front().proto()});
  }
  return explainer;
}

void Explainer::Require(const Filter& permission) {
  for (const Clause& clause : permission.clauses()) {
    parts_.push_back({"permission.", "the permission", clause.proto()});
  }
}

v1::Explanation Explainer::Explain(const v1::Event& event) const {
  v1::Explanation explanation;
  explanation.set_event_id(event.id());
  explanation.set_cursor(event.cursor());
  explanation.set_event_type(event.type());
  explanation.set_matches(true);
  const EventFacts facts = EventFacts::Of(event);
  for (const Part& part : parts_) {
    Findings(facts, part.path, part.subject, explanation).Add(part.filter);
  }
  return explanation;
}

}  // namespace tocsin
