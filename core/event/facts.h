// facts.h: what filters look at in an event, taken out of it once.
//
// Shape:   enum values as numbers, strings with their hashes. Matching compares hashes first and
//          texts only where the hashes agree, so a collision costs time and never a wrong match.
//          Where the event changed what filters look at in its incident, the facts before the event
//          are there too, so that it can be told which sets the incident has left.
// Threads: immutable after Of().
// Owns:    copies of its texts, in one block.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin {

// The fields whose values are strings; the order is the index's order of selectivity.
enum class TermField : uint8_t { kIncident, kResource, kSource, kLabel };

// A value of a string field. Equal field and text (for a label: key and value) have equal hashes
// within one process.
uint64_t TermHash(TermField field, std::string_view value);
uint64_t LabelHash(std::string_view key, std::string_view value);

// A number that a later schema may have added counts as no value.
template <typename Enum>
Enum KnownEnum(uint64_t number, bool (*is_valid)(int)) {
  const auto value = static_cast<int>(number);
  return is_valid(value) ? static_cast<Enum>(value) : Enum{};
}

// The string values of an event, or of what it changed, as views.
class TermTexts {
 public:
  struct Text {
    TermField field;
    std::string_view key;  // labels only
    std::string_view value;
  };

  // An empty value is none.
  void Add(TermField field, std::string_view value) {
    if (!value.empty()) {
      texts_.push_back({field, {}, value});
    }
  }
  void AddLabel(std::string_view key, std::string_view value) {
    texts_.push_back({TermField::kLabel, key, value});
  }
  void Add(const Text& text) { texts_.push_back(text); }

  size_t size() const { return texts_.size(); }
  auto begin() const { return texts_.begin(); }
  auto end() const { return texts_.end(); }

 private:
  absl::InlinedVector<Text, 16> texts_;
};

// What an event changed of the fields of its incident that filters look at: the values before it.
struct ChangedTexts {
  std::optional<v1::Severity> severity;
  std::optional<v1::IncidentState> state;
  std::array<bool, 4> fields{};  // by TermField: changed, and its values before are among `texts`
  TermTexts texts;

  bool& changed(TermField field) { return fields[static_cast<size_t>(field)]; }
  bool changed(TermField field) const { return fields[static_cast<size_t>(field)]; }
};

// The fields of an event as views, before they are hashed.
struct FactTexts {
  struct Before {
    v1::Severity severity;
    v1::IncidentState state;
    std::optional<TermTexts> texts;  // absent: as after the event
  };

  v1::EventType type = v1::EVENT_TYPE_UNSPECIFIED;
  v1::Severity severity = v1::SEVERITY_UNSPECIFIED;
  v1::IncidentState state = v1::INCIDENT_STATE_UNSPECIFIED;
  TermTexts texts;
  // The incident before the event. Absent when the event changed nothing that filters look at, when
  // nothing was known of the incident before, and when the event has no incident.
  std::optional<Before> before;

  // The fields above are of the incident after the event.
  void SetBefore(const ChangedTexts& changed);
};

// The string values with their hashes.
class TermSet {
 public:
  struct Term {
    uint64_t hash;
    TermField field;
    uint32_t offset;    // of key, then value, in the block
    uint32_t key_size;  // 0 unless a label
    uint32_t value_size;
  };

  TermSet() = default;
  explicit TermSet(const TermTexts& texts);

  // Ordered by field. An event has at most one kIncident and one kSource.
  auto begin() const { return terms_.begin(); }
  auto end() const { return terms_.end(); }
  size_t size() const { return terms_.size(); }
  std::string_view key(const Term& term) const {
    return std::string_view(block_).substr(term.offset, term.key_size);
  }
  std::string_view value(const Term& term) const {
    return std::string_view(block_).substr(term.offset + term.key_size, term.value_size);
  }

  // The bytes it holds beside its own object.
  size_t held_bytes() const { return block_.capacity() + terms_.capacity() * sizeof(Term); }

 private:
  std::string block_;
  std::vector<Term> terms_;
};

class EventFacts {
 public:
  // The incident before the event; its type does not matter.
  struct Before {
    v1::Severity severity;
    v1::IncidentState state;
    std::optional<TermSet> terms;  // absent: as after the event
  };

  EventFacts() = default;
  static EventFacts Of(const v1::Event& event);
  static EventFacts From(const FactTexts& texts);

  v1::EventType type() const { return type_; }
  // The incident's or the alert's; UNSPECIFIED where the event has none.
  v1::Severity severity() const { return severity_; }
  v1::IncidentState state() const { return state_; }
  const TermSet& terms() const { return terms_; }
  // As FactTexts::before; nullptr: absent.
  const Before* before() const { return before_.get(); }
  // Of the incident before the event. Only where there is a before().
  const TermSet& terms_before() const { return before_->terms ? *before_->terms : terms_; }

  size_t bytes() const;

 private:
  v1::EventType type_ = v1::EVENT_TYPE_UNSPECIFIED;
  v1::Severity severity_ = v1::SEVERITY_UNSPECIFIED;
  v1::IncidentState state_ = v1::INCIDENT_STATE_UNSPECIFIED;
  TermSet terms_;
  std::shared_ptr<const Before> before_;  // few events have it
};

}  // namespace tocsin
