#include "core/event/filter.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/heap_bytes.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin {

Filter::Filter(absl::InlinedVector<Clause, 1> clauses, bool tells_leaves, FilterPtr permission)
    : tells_leaves_(tells_leaves),
      permission_(std::move(permission)),
      clauses_(std::move(clauses)) {
  for (const Clause& clause : clauses_) {
    masks_.Narrow(clause.masks());
    // Length before text, so that no two lists of clauses look alike.
    const std::string key = clause.Key();
    absl::StrAppend(&key_, key.size(), ":", key);
  }
  if (tells_leaves_) {
    absl::StrAppend(&key_, "leaves", permission_ == nullptr ? "" : permission_->key_);
  }
  bytes_ = CountBytes();
}

absl::StatusOr<FilterPtr> Filter::Compile(const v1::Filter& filter, std::string_view path) {
  ASSIGN_OR_RETURN(Clause clause, Clause::Compile(filter, path));
  absl::InlinedVector<Clause, 1> clauses;
  clauses.push_back(std::move(clause));
  return FilterPtr(new Filter(std::move(clauses)));
}

FilterPtr Filter::MatchAll() {
  static const FilterPtr* const all = [] {
    absl::StatusOr<FilterPtr> filter = Compile(v1::Filter());
    TOCSIN_CHECK(filter.ok());
    return new FilterPtr(*std::move(filter));
  }();
  return *all;
}

FilterPtr Filter::AllOf(std::span<const FilterPtr> filters) {
  std::vector<std::pair<std::string, const Clause*>> sorted;
  for (const FilterPtr& filter : filters) {
    for (const Clause& clause : filter->clauses()) {
      sorted.emplace_back(clause.Key(), &clause);
    }
  }
  const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
  const auto equal = [](const auto& a, const auto& b) { return a.first == b.first; };
  std::sort(sorted.begin(), sorted.end(), by_key);
  sorted.erase(std::unique(sorted.begin(), sorted.end(), equal), sorted.end());
  const std::string all = MatchAll()->clauses().front().Key();
  absl::InlinedVector<Clause, 1> clauses;
  for (const auto& [key, clause] : sorted) {
    if (key != all) {
      clauses.push_back(*clause);
    }
  }
  return clauses.empty() ? MatchAll() : FilterPtr(new Filter(std::move(clauses)));
}

FilterPtr Filter::Narrowed(const FilterPtr& asked, const FilterPtr& permission) {
  const FilterPtr both = AllOf(std::vector{asked, permission});
  return FilterPtr(new Filter(both->clauses_, both->tells_leaves_, permission));
}

FilterPtr Filter::TellingLeaves(const FilterPtr& filter) {
  return filter->tells_leaves()
             ? filter
             : FilterPtr(new Filter(filter->clauses_, /*tells_leaves=*/true, filter->permission_));
}

template <class Terms>
bool Filter::MatchesTerms(const Terms& terms) const noexcept {
  return std::all_of(clauses_.begin(), clauses_.end(),
                     [&](const Clause& clause) { return clause.MatchesTerms(terms); });
}

template <class Terms>
bool Filter::Has(v1::Severity severity, v1::IncidentState state,
                 const Terms& terms) const noexcept {
  return masks_.MatchIncident(severity, state) && MatchesTerms(terms);
}

bool Filter::Matches(const EventFacts& facts) const noexcept {
  return masks_.Match(facts.type(), facts.severity(), facts.state()) && MatchesTerms(facts.terms());
}

bool Filter::Leaves(const EventFacts& facts) const noexcept {
  const EventFacts::Before* const before = facts.before();
  const bool anyone = Planted("leave-of-a-stranger");
  return before != nullptr &&
         (anyone || Has(before->severity, before->state, facts.terms_before())) &&
         !Has(facts.severity(), facts.state(), facts.terms());
}

Verdict Filter::Judge(const EventFacts& facts) const noexcept {
  if (Matches(facts)) {
    return Verdict::kMatches;
  }
  return tells_leaves_ && Leaves(facts) ? Verdict::kLeaves : Verdict::kNone;
}

Verdict Filter::Judge(const FactTexts& texts) const noexcept {
  if (masks_.Match(texts.type, texts.severity, texts.state) && MatchesTerms(texts.texts)) {
    return Verdict::kMatches;
  }
  if (!tells_leaves_ || !texts.before.has_value()) {
    return Verdict::kNone;
  }
  const FactTexts::Before& before = *texts.before;
  const TermTexts& texts_before = before.texts ? *before.texts : texts.texts;
  const bool leaves = Has(before.severity, before.state, texts_before) &&
                      !Has(texts.severity, texts.state, texts.texts);
  return leaves ? Verdict::kLeaves : Verdict::kNone;
}

bool Filter::MatchesIncident(const FactTexts& texts) const noexcept {
  return Has(texts.severity, texts.state, texts.texts);
}

bool Filter::MatchesIncident(const EventFacts& facts) const noexcept {
  return Has(facts.severity(), facts.state(), facts.terms());
}

void Filter::AskFor(v1::SubscribeRequest& request) const {
  *request.mutable_filter() = clauses_.front().proto();
  for (size_t i = 1; i < clauses_.size(); ++i) {
    *request.add_require() = clauses_[i].proto();
  }
  request.set_leaves(tells_leaves_);
  request.set_leaving_events(tells_leaves_);
}

void Filter::AddTo(google::protobuf::RepeatedPtrField<v1::Filter>& require) const {
  for (const Clause& clause : clauses_) {
    if (clause.proto().ByteSizeLong() > 0) {
      *require.Add() = clause.proto();
    }
  }
}

size_t Filter::CountBytes() const {
  size_t bytes = sizeof(*this) + HeapBytes(key_);
  bytes += clauses_.capacity() > 1 ? clauses_.capacity() * sizeof(Clause) : 0;
  for (const Clause& clause : clauses_) {
    bytes += clause.HeldBytes();
  }
  return bytes;
}

}  // namespace tocsin
