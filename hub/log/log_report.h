// log_report.h: what the hub found when it opened its log, for the operator.
//
// Shape:   the findings, the sentence that tells them, and how serious they are.
// Threads: values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/event/cursor.h"
#include "hub/log/durable_mark.h"

namespace tocsin::hub {

// How the run before this one ended.
enum class LogEnd {
  kNone,      // there was none: the log is new
  kClean,     // it was closed, and all of it is in table files
  kUnclean,   // killed or crashed; what was acknowledged had been synced
  kUnsynced,  // killed or crashed; what was acknowledged after the last sync may be lost
};

struct LogReport {
  enum class Level { kInfo, kWarning, kError };

  LogEnd end = LogEnd::kNone;
  Sequence last = 0;                 // where the log ends now
  std::optional<DurableMark> known;  // how far it was known to be durable, by a file beside it
  bool life_is_missing = false;      // the log does not know that file's epoch
  bool salvaged = false;             // opened up to the first damage
  std::vector<std::string> remade;   // what was damaged and made anew from the events
  std::vector<std::string> missing;  // what of it could not be made anew
  std::vector<std::string> aside;    // the folders with the damaged files
  std::vector<std::string> dropped;  // older such folders that were removed to make room

  // Whether events or tables are known to be lost or damaged.
  bool lost() const { return life_is_missing || salvaged || (known && known->last > last); }
  Level level() const;
  std::string Text() const;
};

}  // namespace tocsin::hub
