#include "hub/query/incident_row.h"

#include <algorithm>

#include "core/event/facts.h"
#include "core/event/wire_scanner.h"

namespace tocsin::hub {
namespace {

void AddTerm(IncidentRow& row, TermField field, std::string_view value) {
  if (!value.empty()) {
    row.terms.push_back(TermHash(field, value));
  }
}

bool TakeTime(std::string_view bytes, int64_t& micros) {
  absl::Time time;
  const bool ok = ScanTime(bytes, time);
  micros = absl::ToUnixMicros(time);
  return ok;
}

bool TakeId(std::string_view text, PackedUuid& id) {
  const std::optional<PackedUuid> packed = PackUuid(text);
  id = packed.value_or(PackedUuid{});
  return packed.has_value();
}

bool TakeBytes(const WireScanner& scan, IncidentRow& row) {
  std::string_view key;
  std::string_view value;
  switch (scan.number()) {
    case v1::Incident::kIdFieldNumber:
      return TakeId(scan.bytes(), row.id);
    case v1::Incident::kCreatedAtFieldNumber:
      return TakeTime(scan.bytes(), row.created);
    case v1::Incident::kUpdatedAtFieldNumber:
      return TakeTime(scan.bytes(), row.updated);
    case v1::Incident::kSourceFieldNumber:
      AddTerm(row, TermField::kSource, scan.bytes());
      return true;
    case v1::Incident::kAffectedResourcesFieldNumber:
      AddTerm(row, TermField::kResource, scan.bytes());
      return true;
    case v1::Incident::kLabelsFieldNumber:
      if (!ScanEntry(scan.bytes(), key, value)) {
        return false;
      }
      row.terms.push_back(LabelHash(key, value));
      return true;
    default:
      return true;
  }
}

void TakeNumber(const WireScanner& scan, IncidentRow& row) {
  if (scan.number() == v1::Incident::kStateFieldNumber) {
    row.state = KnownEnum<v1::IncidentState>(scan.varint(), v1::IncidentState_IsValid);
  } else if (scan.number() == v1::Incident::kSeverityFieldNumber) {
    row.severity = KnownEnum<v1::Severity>(scan.varint(), v1::Severity_IsValid);
  }
}

}  // namespace

std::optional<IncidentRow> RowOf(std::string_view core, Sequence last_sequence) {
  IncidentRow row;
  row.last_sequence = last_sequence;
  WireScanner scan(core);
  while (scan.Next()) {
    if (scan.is_varint()) {
      TakeNumber(scan, row);
    } else if (scan.is_bytes() && !TakeBytes(scan, row)) {
      return std::nullopt;
    }
  }
  if (!scan.ok() || row.id == PackedUuid{}) {
    return std::nullopt;
  }
  std::sort(row.terms.begin(), row.terms.end());
  row.terms.erase(std::unique(row.terms.begin(), row.terms.end()), row.terms.end());
  return row;
}

}  // namespace tocsin::hub
