#include "hub/log/log_codec.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "hub/log/packed_uuid.h"

namespace tocsin::hub {
namespace {

// id, content, sequence, time, incident id.
constexpr size_t kDedupSize = 16 + 8 + 8 + 8 + 16;
// Stands before the entries. Without it their contents are hashed by the rule before, which had no
// number: a hash over protobuf's own encoding.
constexpr char kContentRule = 1;

absl::Status Damaged(std::string_view what) {
  return absl::DataLossError(
      absl::StrCat("the log's ", ToAbsl(what), " cannot be read: it is not of the form written"));
}

PackedUuid TakeUuid(std::string_view& in) {
  PackedUuid packed;
  std::memcpy(packed.data(), in.data(), packed.size());
  in.remove_prefix(packed.size());
  return packed;
}

bool TakeExtent(std::string_view& in, HistoryExtent& extent) {
  uint64_t notes = 0;
  if (!TakeU64(in, extent.timeline_since) || !TakeU64(in, notes)) {
    return false;
  }
  extent.notes = {static_cast<uint32_t>(notes), static_cast<uint32_t>(notes >> 32)};
  return true;
}

absl::Status AppendEntry(std::string& out, const DedupEntry& entry) {
  const auto id = PackUuid(entry.id);
  const auto incident = PackUuid(entry.incident_id);
  if (!id || !incident) {
    return absl::InternalError("an event's id or its incident's is not a UUID");
  }
  out.append(id->data(), id->size());
  PutU64(out, entry.content);
  PutU64(out, entry.sequence);
  PutU64(out, static_cast<uint64_t>(absl::ToUnixMicros(entry.time)));
  out.append(incident->data(), incident->size());
  return absl::OkStatus();
}

}  // namespace

void PutU64(std::string& out, uint64_t value) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(value >> (8 * i));
  }
  out.append(bytes, sizeof(bytes));
}

bool TakeU64(std::string_view& in, uint64_t& value) {
  if (in.size() < 8) {
    return false;
  }
  value = 0;
  for (int i = 0; i < 8; ++i) {
    value |= uint64_t{static_cast<unsigned char>(in[i])} << (8 * i);
  }
  in.remove_prefix(8);
  return true;
}

std::string SequenceKey(Sequence sequence) {
  std::string key(8, '\0');
  for (int i = 0; i < 8; ++i) {
    key[i] = static_cast<char>(sequence >> (56 - 8 * i));
  }
  return key;
}

absl::StatusOr<Sequence> ParseSequenceKey(std::string_view key) {
  if (key.size() != 8) {
    return Damaged("key");
  }
  Sequence sequence = 0;
  for (const char c : key) {
    sequence = sequence << 8 | static_cast<unsigned char>(c);
  }
  return sequence;
}

std::string EncodeEventHead(const EventHead& head) {
  std::string value;
  PutU64(value, head.total);
  PutU64(value, static_cast<uint64_t>(absl::ToUnixMicros(head.time)));
  PutU64(value, head.previous);
  return value;
}

absl::StatusOr<EventHead> TakeEventHead(std::string_view& value) {
  EventHead head;
  uint64_t micros = 0;
  if (!TakeU64(value, head.total) || !TakeU64(value, micros) || !TakeU64(value, head.previous)) {
    return Damaged("event");
  }
  head.time = absl::FromUnixMicros(static_cast<int64_t>(micros));
  return head;
}

std::string EncodeBase(const LogBase& base) {
  std::string value;
  PutU64(value, base.sequence);
  PutU64(value, base.bytes);
  return value;
}

absl::StatusOr<LogBase> DecodeBase(std::string_view value) {
  LogBase base;
  if (!TakeU64(value, base.sequence) || !TakeU64(value, base.bytes) || !value.empty()) {
    return Damaged("record of its first event");
  }
  return base;
}

std::string EncodeRun(const LogRun& run) {
  std::string value;
  PutU64(value, static_cast<uint64_t>(run.durability));
  PutU64(value, run.clean ? 1 : 0);
  return value;
}

absl::StatusOr<LogRun> DecodeRun(std::string_view value) {
  uint64_t durability = 0;
  uint64_t clean = 0;
  if (!TakeU64(value, durability) || !TakeU64(value, clean) || !value.empty() ||
      durability > static_cast<uint64_t>(Durability::kMemory)) {
    return Damaged("record of its last run");
  }
  return LogRun{static_cast<Durability>(durability), clean != 0};
}

absl::StatusOr<std::string> EncodeDedup(std::span<const DedupEntry> entries) {
  std::string value;
  value.reserve(1 + entries.size() * kDedupSize);
  value.push_back(kContentRule);
  for (const DedupEntry& entry : entries) {
    if (absl::Status status = AppendEntry(value, entry); !status.ok()) {
      return status;
    }
  }
  return value;
}

absl::Status DecodeDedup(std::string_view value, std::vector<DedupEntry>& entries) {
  const size_t head = value.size() % kDedupSize;
  if (head > 1) {
    return Damaged("record of published ids");
  }
  const bool comparable = head == 1 && value.front() == kContentRule;
  value.remove_prefix(head);
  while (!value.empty()) {
    DedupEntry entry;
    uint64_t micros = 0;
    entry.id = UnpackUuid(TakeUuid(value));
    TakeU64(value, entry.content);
    entry.content = comparable ? entry.content : kUnknownContent;
    TakeU64(value, entry.sequence);
    TakeU64(value, micros);
    entry.time = absl::FromUnixMicros(static_cast<int64_t>(micros));
    entry.incident_id = UnpackUuid(TakeUuid(value));
    entries.push_back(std::move(entry));
  }
  return absl::OkStatus();
}

absl::StatusOr<DedupEntry> DecodeNewestDedup(std::string_view value) {
  std::vector<DedupEntry> entries;
  if (value.size() < kDedupSize ||
      !DecodeDedup(value.substr(value.size() - kDedupSize), entries).ok()) {
    return Damaged("record of published ids");
  }
  return std::move(entries.back());
}

std::string IncidentKey(std::string_view id) {
  const PackedUuid packed = PackUuid(id).value_or(PackedUuid{});
  return {packed.data(), packed.size()};
}

std::string IdOfIncidentKey(std::string_view key) { return UnpackUuid(TakeUuid(key)); }

std::string HistoryKey(std::string_view incident, HistoryKind kind, uint64_t number) {
  return HistoryKeyPrefix(incident, kind) + SequenceKey(number);
}

std::string HistoryKeyPrefix(std::string_view incident, HistoryKind kind) {
  std::string key = IncidentKey(incident);
  key += static_cast<char>(kind);
  return key;
}

// Where it stands in the log, since when its timeline is and which rows of notes it has, how many
// alerts, and the incident itself.
std::string EncodeIncident(const IncidentState& incident) {
  std::string value;
  PutU64(value, incident.last_sequence);
  PutU64(value, static_cast<uint64_t>(absl::ToUnixMicros(incident.last_time)));
  PutU64(value, incident.history.timeline_since);
  PutU64(value, uint64_t{incident.history.notes.next} << 32 | incident.history.notes.first);
  PutU64(value, uint64_t{incident.alerts.open} << 32 | incident.alerts.rows);
  value += incident.core;
  return value;
}

absl::StatusOr<StoredIncident> DecodeStoredIncident(std::string_view value) {
  StoredIncident incident;
  uint64_t micros = 0;
  uint64_t alerts = 0;
  if (!TakeU64(value, incident.last_sequence) || !TakeU64(value, micros) ||
      !TakeExtent(value, incident.history) || !TakeU64(value, alerts)) {
    return Damaged("record of an incident");
  }
  incident.core = value;
  return incident;
}

absl::StatusOr<IncidentPtr> DecodeIncident(std::string_view value) {
  Sequence last_sequence = 0;
  uint64_t micros = 0;
  bool ok = TakeU64(value, last_sequence) && TakeU64(value, micros);
  HistoryExtent history;
  ok = ok && TakeExtent(value, history);
  uint64_t alerts = 0;
  ok = ok && TakeU64(value, alerts);
  v1::Incident incident;
  if (!ok || !incident.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return Damaged("record of an incident");
  }
  return IncidentState::From(
      std::move(incident), last_sequence, absl::FromUnixMicros(static_cast<int64_t>(micros)),
      history,
      {.rows = static_cast<uint32_t>(alerts), .open = static_cast<uint32_t>(alerts >> 32)});
}

}  // namespace tocsin::hub
