// record_json.h: a history's records as lines of JSON, and back.
//
// Shape:   the fields are in record.h. A field that a record does not have is passed over, so that
//          recorders may keep more than the judge asks for.
// Threads: RecordReader is not thread-safe; the rest is pure.
// Errors:  INVALID_ARGUMENT that names the field and says what it has to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/history/record.h"

namespace tocsin::history {

// "event" of {"record":"event",…, without reading the rest; empty when the line begins otherwise.
std::string_view KindOf(std::string_view line);

// Without the line break.
std::string ToJson(const Record& record);

// Reads one line after another in the same memory.
class RecordReader {
 public:
  RecordReader() : memory_(kMemory) {}
  absl::StatusOr<Record> Read(std::string_view line);

 private:
  static constexpr size_t kMemory = 16 * 1024;
  std::vector<unsigned char> memory_;
};

Content DigestOf(std::string_view content);

}  // namespace tocsin::history
