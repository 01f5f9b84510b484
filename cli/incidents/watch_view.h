// watch_view.h: what `tocsin incidents watch` shows: a table that is drawn in place, or a line for
// each change.
//
// Threads: one.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/incidents/incident_set.h"
#include "cli/incidents/screen.h"

namespace tocsin::cli {

// How the watch stands with its hub.
struct WatchStatus {
  std::string hub;
  bool connected = false;
  std::string problem;  // why not
  absl::Time since;     // when that began
};

class WatchView {
 public:
  virtual ~WatchView() = default;
  // The set has changed. False when nothing more can be written.
  virtual bool Show(const IncidentSet& set, const std::vector<IncidentChange>& changes) = 0;
  // Called ten times a second and when the connection changes: what is to be drawn is drawn.
  virtual bool Tick(const IncidentSet& set, const WatchStatus& status, absl::Time now) = 0;
};

struct WatchStyle {
  absl::TimeZone zone;
  bool color = false;
};

// `size` is asked at every picture, so that the table follows the window.
std::unique_ptr<WatchView> MakeTableView(std::ostream& out, const WatchStyle& style,
                                         ScreenSize (*size)());
std::unique_ptr<WatchView> MakeLineView(std::ostream& out, const WatchStyle& style);
// {"change":"entered","incident":{…}}, a line each.
std::unique_ptr<WatchView> MakeJsonView(std::ostream& out);

}  // namespace tocsin::cli
