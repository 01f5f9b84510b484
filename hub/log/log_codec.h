// log_codec.h: how the log's records look on disk.
//
// Shape:   keys sort as their sequences do (big-endian); values are fixed-width little-endian
//          numbers, then bytes. They are read by every later version: a change of form is a new
//          format number in rocksdb_log_open.cc.
// Threads: pure.
// Errors:  DATA_LOSS for bytes that are not of that form.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "hub/log/log.h"

namespace tocsin::hub {

std::string SequenceKey(Sequence sequence);
absl::StatusOr<Sequence> ParseSequenceKey(std::string_view key);

// What is stored in front of an event's bytes.
struct EventHead {
  uint64_t total = 0;     // bytes of all events since the log began, with this one
  absl::Time time;        // when it was accepted
  Sequence previous = 0;  // the event before it about the same incident; 0: none
};
inline constexpr size_t kEventHeadBytes = 24;
std::string EncodeEventHead(const EventHead& head);
// Removes the head from the front of the value and returns it.
absl::StatusOr<EventHead> TakeEventHead(std::string_view& value);

// The place before the first event held, and the bytes of all events up to it.
struct LogBase {
  Sequence sequence = 0;
  uint64_t bytes = 0;
};
std::string EncodeBase(const LogBase& base);
absl::StatusOr<LogBase> DecodeBase(std::string_view value);

// How the log was run: written when a run starts, and again when it ends cleanly.
struct LogRun {
  Durability durability = Durability::kAlways;
  bool clean = false;
};
std::string EncodeRun(const LogRun& run);
absl::StatusOr<LogRun> DecodeRun(std::string_view value);

// The ids of one batch, under the sequence of its first event: one record a commit, not one an
// event. It names the rule by which contents were hashed. The contents of a record of another rule
// (an earlier version's, or a later one's) are read as kUnknownContent, so that the ids alone are
// compared.
absl::StatusOr<std::string> EncodeDedup(std::span<const DedupEntry> entries);
absl::Status DecodeDedup(std::string_view value, std::vector<DedupEntry>& entries);
// The last entry of such a record, which is its newest.
absl::StatusOr<DedupEntry> DecodeNewestDedup(std::string_view value);

// The key for an incident's id, which is a UUID.
std::string IncidentKey(std::string_view id);
std::string IdOfIncidentKey(std::string_view key);
// Keys of one incident's rows of one kind sort as their numbers do.
std::string HistoryKey(std::string_view incident, HistoryKind kind, uint64_t number);
// What all of them begin with, and no other key.
std::string HistoryKeyPrefix(std::string_view incident, HistoryKind kind);
std::string EncodeIncident(const IncidentState& incident);
absl::StatusOr<IncidentPtr> DecodeIncident(std::string_view value);
// Decodes without parsing the incident; the result shares the value's bytes.
absl::StatusOr<StoredIncident> DecodeStoredIncident(std::string_view value);

// Fixed-width little-endian numbers.
void PutU64(std::string& out, uint64_t value);
// Takes the number off the front of `in`; false when it is too short.
bool TakeU64(std::string_view& in, uint64_t& value);

}  // namespace tocsin::hub
