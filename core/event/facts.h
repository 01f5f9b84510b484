// facts.h: what filters look at in an event, taken out of it once.
//
// Shape:   enum values as numbers, strings with their hashes. Matching compares hashes first and
//          texts only where the hashes agree, so a collision costs time and never a wrong match.
// Threads: immutable after Of().
// Owns:    copies of its texts, in one block.
#pragma once

#include <cstdint>
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

// What facts are made of, before they are: values as numbers, texts where they are.
struct FactTexts {
  struct Text {
    TermField field;
    std::string_view key;  // labels only
    std::string_view value;
  };

  v1::EventType type = v1::EVENT_TYPE_UNSPECIFIED;
  v1::Severity severity = v1::SEVERITY_UNSPECIFIED;
  v1::IncidentState state = v1::INCIDENT_STATE_UNSPECIFIED;
  absl::InlinedVector<Text, 16> texts;

  // An empty value is none.
  void Add(TermField field, std::string_view value) {
    if (!value.empty()) {
      texts.push_back({field, {}, value});
    }
  }
  void AddLabel(std::string_view key, std::string_view value) {
    texts.push_back({TermField::kLabel, key, value});
  }
};

class EventFacts {
 public:
  struct Term {
    uint64_t hash;
    TermField field;
    uint32_t offset;    // of key, then value, in the block
    uint32_t key_size;  // 0 unless a label
    uint32_t value_size;
  };

  EventFacts() = default;
  static EventFacts Of(const v1::Event& event);
  static EventFacts From(const FactTexts& texts);

  v1::EventType type() const { return type_; }
  // The incident's or the alert's; UNSPECIFIED where the event has none.
  v1::Severity severity() const { return severity_; }
  v1::IncidentState state() const { return state_; }

  // Ordered by field. An event has at most one kIncident and one kSource.
  std::span<const Term> terms() const { return terms_; }
  std::string_view key(const Term& term) const {
    return std::string_view(block_).substr(term.offset, term.key_size);
  }
  std::string_view value(const Term& term) const {
    return std::string_view(block_).substr(term.offset + term.key_size, term.value_size);
  }

  size_t bytes() const {
    return sizeof(*this) + block_.capacity() + terms_.capacity() * sizeof(Term);
  }

 private:
  v1::EventType type_ = v1::EVENT_TYPE_UNSPECIFIED;
  v1::Severity severity_ = v1::SEVERITY_UNSPECIFIED;
  v1::IncidentState state_ = v1::INCIDENT_STATE_UNSPECIFIED;
  std::string block_;
  std::vector<Term> terms_;
};

}  // namespace tocsin
