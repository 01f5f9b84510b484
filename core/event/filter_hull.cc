#include "core/event/filter_hull.h"

#include <algorithm>
#include <set>
#include <string>

#include "core/base/check.h"
#include "core/event/limits.h"

namespace tocsin {
namespace {

constexpr uint32_t kAll = ~0u;
// No incident has it: ids are of version 4, 5 or 7, or the publisher's own and not nil.
constexpr char kNilUuid[] = "00000000-0000-0000-0000-000000000000";

using Texts = google::protobuf::RepeatedPtrField<std::string>;
using Field = const Texts& (v1::Filter::*)() const;

// A filter's limit is on all texts together: a quarter for each field keeps any hull within it.
constexpr size_t kFieldBytes = limits::kFilterBytes / 4;

using Mask = uint32_t (Filter::*)() const;

uint32_t Masks(std::span<const FilterPtr> filters, Mask mask) {
  uint32_t all = 0;
  for (const FilterPtr& filter : filters) {
    all |= ((*filter).*mask)();
  }
  return all;
}

template <typename Add>
void AddEnums(uint32_t mask, Add add) {
  for (int number = 0; mask != kAll && number < 32; ++number) {
    if ((mask >> number & 1) != 0) {
      add(number);
    }
  }
}

void AddTexts(std::span<const FilterPtr> filters, Field field, Texts& out) {
  std::set<std::string> values;
  size_t bytes = 0;
  for (const FilterPtr& filter : filters) {
    const Texts& each = (filter->proto().*field)();
    if (each.empty()) {
      return;
    }
    for (const std::string& value : each) {
      bytes += values.insert(value).second ? value.size() : 0;
    }
    if (values.size() > limits::kFilterValues || bytes > kFieldBytes) {
      return;
    }
  }
  out.Assign(values.begin(), values.end());
}

void AddLabels(std::span<const FilterPtr> filters, v1::Filter& hull) {
  size_t bytes = 0;
  for (const auto& label : filters.front()->proto().labels()) {
    const bool in_all = std::all_of(filters.begin(), filters.end(), [&](const FilterPtr& filter) {
      const auto found = filter->proto().labels().find(label.first);
      return found != filter->proto().labels().end() && found->second == label.second;
    });
    bytes += label.first.size() + label.second.size();
    if (in_all && bytes <= kFieldBytes) {
      (*hull.mutable_labels())[label.first] = label.second;
    }
  }
}

bool HasTerm(const std::vector<Filter::Term>& terms, const Filter::Term& wanted) {
  return std::any_of(terms.begin(), terms.end(), [&](const Filter::Term& term) {
    return term.hash == wanted.hash && term.key == wanted.key && term.value == wanted.value;
  });
}

// Every term of `few` is among `many`.
bool Within(const std::vector<Filter::Term>& few, const std::vector<Filter::Term>& many) {
  return std::all_of(few.begin(), few.end(),
                     [&](const Filter::Term& term) { return HasTerm(many, term); });
}

bool CoversTerms(const Filter& outer, const Filter& inner, TermField field) {
  const auto& wide = outer.terms(field);
  const auto& narrow = inner.terms(field);
  // Labels are conditions, so fewer of them let through more.
  return field == TermField::kLabel ? Within(wide, narrow)
                                    : wide.empty() || (!narrow.empty() && Within(narrow, wide));
}

}  // namespace

FilterPtr HullOf(std::span<const FilterPtr> filters) {
  v1::Filter hull;
  if (filters.empty()) {
    hull.add_incident_ids(kNilUuid);
  } else {
    AddEnums(Masks(filters, &Filter::type_mask),
             [&](int number) { hull.add_event_types(static_cast<v1::EventType>(number)); });
    AddEnums(Masks(filters, &Filter::severity_mask),
             [&](int number) { hull.add_severities(static_cast<v1::Severity>(number)); });
    AddEnums(Masks(filters, &Filter::state_mask),
             [&](int number) { hull.add_states(static_cast<v1::IncidentState>(number)); });
    AddTexts(filters, &v1::Filter::sources, *hull.mutable_sources());
    AddTexts(filters, &v1::Filter::affected_resources, *hull.mutable_affected_resources());
    AddTexts(filters, &v1::Filter::incident_ids, *hull.mutable_incident_ids());
    AddLabels(filters, hull);
  }
  absl::StatusOr<FilterPtr> compiled = Filter::Compile(hull);
  TOCSIN_CHECK(compiled.ok());
  return *std::move(compiled);
}

bool Covers(const Filter& outer, const Filter& inner) {
  const bool masks = (inner.type_mask() & ~outer.type_mask()) == 0 &&
                     (inner.severity_mask() & ~outer.severity_mask()) == 0 &&
                     (inner.state_mask() & ~outer.state_mask()) == 0;
  return masks && CoversTerms(outer, inner, TermField::kIncident) &&
         CoversTerms(outer, inner, TermField::kResource) &&
         CoversTerms(outer, inner, TermField::kSource) &&
         CoversTerms(outer, inner, TermField::kLabel);
}

}  // namespace tocsin
