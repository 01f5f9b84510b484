// jsonl.h: reads events from a file that has one JSON object a line.
//
// Shape:   blank lines are passed over. A line is at most kMostBytes; the rest of a longer one is
//          passed over, so that reading can go on after the error.
// Threads: not thread-safe.
// Errors:  "FILE:LINE: what"; the next Next() goes on with the line after it.
#pragma once

#include <cstddef>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::cli {

class JsonLines {
 public:
  static constexpr size_t kMostBytes = size_t{8} << 20;

  // `in` outlives this; `name` is the file's, for errors.
  JsonLines(std::istream& in, std::string_view name) : in_(in), name_(name) {}

  // A valid event that has an id (one is made where the line gives none, so that sending it again
  // is harmless); nothing at the end of the file.
  absl::StatusOr<std::optional<v1::Event>> Next();

  // The number of the line that was last read, counted from 1.
  size_t line() const { return line_; }
  // False when Next would block: a pipe that holds nothing at present.
  bool HasMore() const { return in_.rdbuf()->in_avail() > 0; }

 private:
  enum class ReadOutcome { kLine, kTooLong, kEnd };
  ReadOutcome ReadLine();
  absl::Status At(std::string_view what) const;

  std::istream& in_;
  std::string name_;
  std::string text_;
  size_t line_ = 0;
};

}  // namespace tocsin::cli
