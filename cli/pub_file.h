// pub_file.h: `tocsin pub --file`: publishes the events of a file or pipe, at a given rate.
//
// Shape:   lines are read, checked and batched on main's thread, and pipelined by Publisher. When
//          a pipe holds nothing more at present, what was read from it is sent without waiting.
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

// Returns an exit code.
int PubFile(const Globals& globals, const PubFileOptions& options);

// Events per second, from "50/s", "300/m", "1000/h" or "50".
absl::StatusOr<double> ParseRate(std::string_view text);

// The line of the event that the hub's error is about, "events[3].incident.title …"; the first
// where it names none.
size_t LineOfError(const std::vector<size_t>& lines, std::string_view field);

}  // namespace tocsin::cli
