// pub_file.h: `tocsin pub --file`: a file or a pipe of events, published at a rate.
//
// Shape:   lines are read, checked and batched on main's thread, and pipelined by Publisher. A pipe
//          that holds nothing for now does not hold back what was read from it.
// Errors:  "FILE:LINE: what" on stderr; the first one ends the run unless keep_going.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/command.h"

namespace tocsin::cli {

struct PubFileOptions {
  std::string path;  // "-": stdin
  double rate = 0;   // events a second; 0: as fast as the hub takes them
  size_t batch = 64;
  bool keep_going = false;
  bool json = false;  // print each result
};

// An exit code.
int PubFile(const Globals& globals, const PubFileOptions& options);

// Events a second of "50/s", "300/m", "1000/h", "50".
absl::StatusOr<double> ParseRate(std::string_view text);

// The line of the event that the hub's error is about, "events[3].incident.title …"; the first
// where it names none.
size_t LineOfError(const std::vector<size_t>& lines, std::string_view field);

}  // namespace tocsin::cli
