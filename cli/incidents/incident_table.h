// incident_table.h: incidents as the lines of a table.
//
// Shape:   severity, state, how long ago it changed, id, who works on it, source, title. In a
//          narrow terminal source and assignees are left out, and the title is cut: the id, which
//          every other command asks for, stays whole. Text is cleaned of control characters.
// Threads: pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "absl/time/time.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::cli {

class IncidentTable {
 public:
  // A terminal's columns; 0: none, nothing is cut.
  IncidentTable(size_t width, bool color);

  // Without a line break; at most `width` columns.
  std::string Head() const;
  std::string Row(const v1::Incident& incident, absl::Time now) const;

 private:
  const size_t width_;
  const bool color_;
  size_t assignees_ = 0;  // columns; 0: left out
  size_t source_ = 0;
  size_t title_ = 0;  // 0: as long as it is
};

}  // namespace tocsin::cli
