// How a clause is checked and matched.
//
// Compile turns the lists of enum values into bit masks and the lists of texts into terms sorted by
// hash. Matches first tests the masks, which most events fail, then looks the event's terms up in
// the clause's. Values of one field are alternatives, so one hit is enough; labels are conditions,
// so every one must hit. An event without a value has no bit and no term there, and so does not
// match.
#include "core/event/clause.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/heap_bytes.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/limits.h"
#include "core/event/names.h"
#include "core/event/text.h"
#include "core/event/uuid.h"

namespace tocsin {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::RepeatedField;
using google::protobuf::RepeatedPtrField;

constexpr uint32_t kAll = EnumMasks::kAll;
constexpr uint32_t kActiveStates =
    1u << v1::INCIDENT_STATE_DETECTED | 1u << v1::INCIDENT_STATE_TRIAGED |
    1u << v1::INCIDENT_STATE_INVESTIGATING | 1u << v1::INCIDENT_STATE_REMEDIATING;

absl::Status Bad(std::string_view field, std::string_view problem,
                 std::vector<std::string> allowed = {}) {
  return FieldError(ErrorCode::kInvalidFilter, field, problem, std::move(allowed));
}

absl::Status CheckUnknownFields(const v1::Filter& filter, std::string_view path) {
  const auto& unknown = filter.GetReflection()->GetUnknownFields(filter);
  if (unknown.empty()) {
    return absl::OkStatus();
  }
  std::vector<std::string> allowed;
  for (int i = 0; i < v1::Filter::descriptor()->field_count(); ++i) {
    allowed.push_back(v1::Filter::descriptor()->field(i)->name());
  }
  return Bad(path, absl::StrCat("has an unknown field, number ", unknown.field(0).number()),
             std::move(allowed));
}

absl::Status CheckCount(size_t count, std::string_view field) {
  if (count <= limits::kFilterValues) {
    return absl::OkStatus();
  }
  return Bad(field, absl::StrCat("has ", count, " values"),
             {absl::StrCat("at most ", limits::kFilterValues, " values")});
}

// The enum's values as bits, sorted and without repeats in `values`.
absl::StatusOr<uint32_t> CompileEnum(RepeatedField<int>& values, const EnumDescriptor& type,
                                     std::string_view field) {
  RETURN_IF_ERROR(CheckCount(static_cast<size_t>(values.size()), field));
  uint32_t mask = 0;
  for (int i = 0; i < values.size(); ++i) {
    if (EnumName(type, values[i]).empty()) {
      return Bad(IndexPath(field, static_cast<size_t>(i)),
                 absl::StrCat("is an unknown value, number ", values[i]), EnumNames(type));
    }
    mask |= 1u << values[i];
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values.empty() ? kAll : mask;
}

using TextCheck = absl::Status (*)(std::string& value, std::string_view field);

absl::Status CheckText(std::string& value, std::string_view field) {
  return value.empty() ? Bad(field, "is empty", {"a text of at least one character"})
                       : absl::OkStatus();
}

absl::Status CheckUuid(std::string& value, std::string_view field) {
  if (!IsUuid(value)) {
    return Bad(field, absl::StrCat("is no UUID: ", Quote(value)),
               {"a UUID such as \"0190b6a5-7c1e-7000-8000-000000000001\""});
  }
  value = CanonicalUuid(value);
  return absl::OkStatus();
}

absl::Status CompileTexts(RepeatedPtrField<std::string>& values, std::string_view field,
                          TextCheck check, size_t& bytes) {
  RETURN_IF_ERROR(CheckCount(static_cast<size_t>(values.size()), field));
  for (int i = 0; i < values.size(); ++i) {
    RETURN_IF_ERROR(check(values[i], IndexPath(field, static_cast<size_t>(i))));
    bytes += values[i].size();
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return absl::OkStatus();
}

// A label's value may be empty: it then matches the label with an empty value.
absl::Status CheckLabels(const v1::Filter& filter, std::string_view field, size_t& bytes) {
  RETURN_IF_ERROR(CheckCount(filter.labels().size(), field));
  for (const auto& [key, value] : filter.labels()) {
    if (key.empty()) {
      return Bad(field, "has an empty key", {"keys of at least one character"});
    }
    bytes += key.size() + value.size();
  }
  return absl::OkStatus();
}

// All checks of texts. Brings them to their canonical order and form.
absl::Status CheckTexts(v1::Filter& filter, std::string_view path) {
  size_t bytes = 0;
  RETURN_IF_ERROR(
      CompileTexts(*filter.mutable_sources(), JoinPath(path, "sources"), CheckText, bytes));
  RETURN_IF_ERROR(CompileTexts(*filter.mutable_affected_resources(),
                               JoinPath(path, "affected_resources"), CheckText, bytes));
  RETURN_IF_ERROR(CompileTexts(*filter.mutable_incident_ids(), JoinPath(path, "incident_ids"),
                               CheckUuid, bytes));
  RETURN_IF_ERROR(CheckLabels(filter, JoinPath(path, "labels"), bytes));
  if (bytes > limits::kFilterBytes) {
    return Bad(path, absl::StrCat("has ", bytes, " bytes of values"),
               {absl::StrCat("at most ", limits::kFilterBytes, " bytes in one filter")});
  }
  return absl::OkStatus();
}

std::vector<Clause::Term> TermsOf(TermField field, const RepeatedPtrField<std::string>& values) {
  std::vector<Clause::Term> terms;
  terms.reserve(static_cast<size_t>(values.size()));
  for (const std::string& value : values) {
    terms.push_back({TermHash(field, value), "", value});
  }
  return terms;
}

std::vector<Clause::Term> LabelTermsOf(const v1::Filter& filter) {
  std::vector<Clause::Term> terms;
  for (const auto& [key, value] : filter.labels()) {
    terms.push_back({LabelHash(key, value), key, value});
  }
  return terms;
}

void SortByHash(std::vector<Clause::Term>& terms) {
  std::sort(terms.begin(), terms.end(), [](const Clause::Term& a, const Clause::Term& b) {
    return std::tie(a.hash, a.key, a.value) < std::tie(b.hash, b.key, b.value);
  });
}

// Length before text, so that no two lists of texts look alike.
void AppendKeyPart(std::string& key, std::string_view text) {
  absl::StrAppend(&key, text.size(), ":", ToAbsl(text));
}

// True when an event's term is among the clause's. `same` compares the texts; it is seldom asked.
template <class Same>
bool Contains(const std::vector<Clause::Term>& wanted, uint64_t hash, Same same) noexcept {
  auto it = std::lower_bound(wanted.begin(), wanted.end(), hash,
                             [](const Clause::Term& a, uint64_t h) { return a.hash < h; });
  for (; it != wanted.end() && it->hash == hash; ++it) {
    if (same(*it)) {
      return true;
    }
  }
  return false;
}

// How many of the event's terms of a field are among the clause's. No term comes twice on either
// side.
size_t CountHits(const std::vector<Clause::Term>& wanted, const TermSet& terms, TermField field,
                 size_t enough) noexcept {
  size_t hits = 0;
  for (const TermSet::Term& term : terms) {
    const auto same = [&](const Clause::Term& other) {
      return terms.key(term) == other.key && terms.value(term) == other.value;
    };
    if (term.field == field && Contains(wanted, term.hash, same) && ++hits == enough) {
      break;
    }
  }
  return hits;
}

bool HasAny(const std::vector<Clause::Term>& wanted, const TermTexts& texts,
            TermField field) noexcept {
  return std::any_of(texts.begin(), texts.end(), [&](const TermTexts::Text& text) {
    return text.field == field &&
           Contains(wanted, TermHash(field, text.value),
                    [&](const Clause::Term& term) { return term.value == text.value; });
  });
}

bool HasLabel(const TermTexts& texts, const Clause::Term& wanted) noexcept {
  return std::any_of(texts.begin(), texts.end(), [&](const TermTexts::Text& text) {
    return text.field == TermField::kLabel && text.key == wanted.key && text.value == wanted.value;
  });
}

}  // namespace

absl::StatusOr<Clause> Clause::Compile(const v1::Filter& filter, std::string_view path) {
  RETURN_IF_ERROR(CheckUnknownFields(filter, path));
  Clause clause;
  clause.proto_ = filter;
  RETURN_IF_ERROR(clause.CompileEnums(path));
  v1::Filter& proto = clause.proto_;
  RETURN_IF_ERROR(CheckTexts(proto, path));
  auto& terms = clause.terms_;
  terms[static_cast<size_t>(TermField::kIncident)] =
      TermsOf(TermField::kIncident, proto.incident_ids());
  terms[static_cast<size_t>(TermField::kResource)] =
      TermsOf(TermField::kResource, proto.affected_resources());
  terms[static_cast<size_t>(TermField::kSource)] = TermsOf(TermField::kSource, proto.sources());
  terms[static_cast<size_t>(TermField::kLabel)] = LabelTermsOf(proto);
  std::for_each(std::begin(terms), std::end(terms), SortByHash);
  return clause;
}

absl::Status Clause::CompileEnums(std::string_view path) {
  ASSIGN_OR_RETURN(masks_.types,
                   CompileEnum(*proto_.mutable_event_types(), *v1::EventType_descriptor(),
                               JoinPath(path, "event_types")));
  ASSIGN_OR_RETURN(masks_.severities,
                   CompileEnum(*proto_.mutable_severities(), *v1::Severity_descriptor(),
                               JoinPath(path, "severities")));
  ASSIGN_OR_RETURN(masks_.states,
                   CompileEnum(*proto_.mutable_states(), *v1::IncidentState_descriptor(),
                               JoinPath(path, "states")));
  if (proto_.active_only()) {
    masks_.states &= kActiveStates;
  }
  return absl::OkStatus();
}

std::string Clause::Key() const {
  std::string key = absl::StrCat(masks_.types, ",", masks_.severities, ",", masks_.states);
  for (const auto* values :
       {&proto_.sources(), &proto_.affected_resources(), &proto_.incident_ids()}) {
    key += ';';
    for (const std::string& value : *values) {
      AppendKeyPart(key, value);
    }
  }
  key += ';';
  std::vector<std::pair<std::string_view, std::string_view>> labels(proto_.labels().begin(),
                                                                    proto_.labels().end());
  std::sort(labels.begin(), labels.end());
  for (const auto& [name, value] : labels) {
    AppendKeyPart(key, name);
    AppendKeyPart(key, value);
  }
  return key;
}

size_t Clause::HeldBytes() const {
  size_t bytes = proto_.SpaceUsedLong() - sizeof(proto_);  // the message counts its own object
  for (const std::vector<Term>& of_field : terms_) {
    bytes += HeapBytes(of_field);
    for (const Term& term : of_field) {
      bytes += HeapBytes(term.key) + HeapBytes(term.value);
    }
  }
  return bytes;
}

bool Clause::MatchesTerms(const TermTexts& texts) const noexcept {
  for (const TermField field : {TermField::kIncident, TermField::kResource, TermField::kSource}) {
    if (!terms(field).empty() && !HasAny(terms(field), texts, field)) {
      return false;
    }
  }
  const std::vector<Term>& labels = terms(TermField::kLabel);
  return std::all_of(labels.begin(), labels.end(),
                     [&](const Term& label) { return HasLabel(texts, label); });
}

bool Clause::MatchesTerms(const TermSet& of_event) const noexcept {
  for (const TermField field : {TermField::kIncident, TermField::kResource, TermField::kSource}) {
    if (!terms(field).empty() && CountHits(terms(field), of_event, field, 1) == 0) {
      return false;
    }
  }
  const std::vector<Term>& labels = terms(TermField::kLabel);
  return labels.empty() ||
         CountHits(labels, of_event, TermField::kLabel, labels.size()) == labels.size();
}

}  // namespace tocsin
