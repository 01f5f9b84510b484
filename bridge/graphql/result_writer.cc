#include "bridge/graphql/result_writer.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "core/event/time_proto.h"

namespace tocsin::bridge::graphql {

bool ResultWriter::RootError(const PlannedField& field, Error error) {
  const auto failed = [&] {
    Tell(std::move(error));
    return Outcome::kFailed;
  };
  return Put(field, failed) == Outcome::kWritten;
}

Outcome ResultWriter::Write(const PlannedField&, bool value) {
  value ? out_.Literal("true") : out_.Literal("false");
  return Outcome::kWritten;
}

Outcome ResultWriter::Write(const PlannedField&, uint64_t value) {
  out_.Number(value);
  return Outcome::kWritten;
}

Outcome ResultWriter::Write(const PlannedField&, double value) {
  if (!std::isfinite(value)) {
    return Outcome::kNull;
  }
  out_.Number(value);
  return Outcome::kWritten;
}

Outcome ResultWriter::Write(const PlannedField&, absl::Time time) {
  out_.Char('"');
  out_.Time(time);
  out_.Char('"');
  return Outcome::kWritten;
}

Outcome ResultWriter::Write(const PlannedField& field, const google::protobuf::Timestamp* time) {
  return time == nullptr ? Outcome::kNull : Write(field, ToTime(*time));
}

// Sorted by key, so that equal events have equal results.
Outcome ResultWriter::Write(const PlannedField&, const TextMap* map) {
  absl::InlinedVector<const TextMap::value_type*, 16> entries;
  for (const auto& entry : *map) {
    entries.push_back(&entry);
  }
  std::ranges::sort(entries, {}, [](const auto* entry) { return std::string_view(entry->first); });
  out_.Char('{');
  for (const auto* const entry : entries) {
    if (entry != entries.front()) out_.Char(',');
    out_.Text(entry->first);
    out_.Char(':');
    out_.Text(entry->second);
  }
  out_.Char('}');
  return Outcome::kWritten;
}

Outcome ResultWriter::Write(const PlannedField&, EnumText text) {
  if (text.name.empty()) {
    return Outcome::kNull;
  }
  out_.Char('"');
  out_.Raw(text.name);
  out_.Char('"');
  return Outcome::kWritten;
}

Outcome ResultWriter::WriteObject(const SelectionPlan& plan, const void* source) {
  char before = '{';
  for (const PlannedField& field : plan.fields) {
    out_.Char(before);
    before = ',';
    out_.Raw(field.key);
    if (field.is_typename()) continue;
    const auto read = [&] { return Read(field, source); };
    if (Put(field, read) == Outcome::kFailed) {
      return Outcome::kFailed;
    }
  }
  if (plan.fields.empty()) out_.Char('{');
  out_.Char('}');
  return Outcome::kWritten;
}

Outcome ResultWriter::Read(const PlannedField& field, const void* source) {
  if (field.arguments != nullptr && field.arguments->error.has_value()) {
    Tell(*field.arguments->error);
    return Outcome::kFailed;
  }
  return field.read(*this, field, source);
}

Outcome ResultWriter::Instead(Outcome outcome, bool non_null, size_t start) {
  if (non_null) {
    if (outcome == Outcome::kNull) TellNull();
    out_.CutTo(start);
    return Outcome::kFailed;
  }
  out_.CutTo(start);
  out_.Literal("null");
  return Outcome::kWritten;
}

void ResultWriter::TellNull() {
  const Field& field = *field_at_hand().definition;
  Tell({.message = absl::StrCat("a value of ", field.parent->name, ".", field.name,
                                " is null, which its type ", field.type->ToString(), " forbids"),
        .code = "INTERNAL_SERVER_ERROR"});
}

// The path and the places of what is at hand, unless the error has its own.
void ResultWriter::Tell(Error error) {
  if (errors_.size() >= kMostErrors) {
    return;
  }
  for (const PathPart* part = path_; part != nullptr; part = part->parent) {
    if (part->field != nullptr) {
      const std::string_view name = part->field->response_name();
      error.path.emplace_back(boost::json::string_view(name.data(), name.size()));
    } else {
      error.path.emplace_back(part->index);
    }
  }
  std::ranges::reverse(error.path);
  if (error.locations.empty()) {
    const auto& places = field_at_hand().places;
    error.locations.assign(places.begin(), places.end());
  }
  errors_.push_back(std::move(error));
}

const PlannedField& ResultWriter::field_at_hand() const {
  const PathPart* part = path_;
  while (part->field == nullptr) part = part->parent;
  return *part->field;
}

}  // namespace tocsin::bridge::graphql
