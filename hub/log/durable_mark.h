// durable_mark.h: how far the log is known to have been on the disk, kept outside the database.
//
// Shape:   a small file with the present epoch and a sequence. It is written now and then, never
//          ahead of the log: a start that finds an earlier end, or does not find that epoch, knows
//          that the database has lost something which it cannot see itself, such as a write-ahead
//          log that is gone or was cut between two records.
// Threads: none; the log's writer.
// Errors:  UNAVAILABLE with the system's reason. A file that cannot be read is none.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "core/event/cursor.h"

namespace tocsin::hub {

struct DurableMark {
  Epoch epoch = 0;
  Sequence last = 0;

  friend bool operator==(const DurableMark&, const DurableMark&) = default;
};

// Replaces the file as a whole. `sync`: it is on the disk when this returns.
absl::Status WriteDurableMark(const std::string& path, const DurableMark& mark, bool sync);
std::optional<DurableMark> ReadDurableMark(const std::string& path);

}  // namespace tocsin::hub
