#include "hub/log/log_report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/log/set_aside.h"

namespace tocsin::hub {
namespace {

std::string TextOf(LogEnd end) {
  switch (end) {
    case LogEnd::kNone:
      return "the log is new";
    case LogEnd::kClean:
      return "the log was closed cleanly";
    case LogEnd::kUnclean:
      return "the log was not closed cleanly; nothing that was synced is missing";
    case LogEnd::kUnsynced:
      return "the log was not closed cleanly; what was acknowledged after the last sync may be "
             "lost";
  }
  return "";
}

}  // namespace

LogReport::Level LogReport::level() const {
  if (lost() || !remade.empty()) {
    return Level::kError;
  }
  return end == LogEnd::kUnsynced ? Level::kWarning : Level::kInfo;
}

std::string LogReport::Text() const {
  std::vector<std::string> parts;
  if (salvaged) {
    parts.push_back(
        absl::StrCat("the log was damaged and is kept up to the damage, sequence ", last));
  }
  if (known && (life_is_missing || known->last > last)) {
    parts.push_back(absl::StrCat("events are lost: sequence ", known->last,
                                 " was known to be on the disk, and the log ends at ", last));
  }
  for (const std::string& what : remade) {
    parts.push_back(absl::StrCat(what, " was damaged and is made anew from the events"));
  }
  if (!missing.empty()) {
    parts.push_back(
        absl::StrCat("where its rows cannot be read this is gone: ", absl::StrJoin(missing, "; ")));
  }
  if (parts.empty()) {
    return TextOf(end);
  }
  if (lost()) {
    parts.push_back("subscribers are told by a gap");
  }
  if (!aside.empty()) {
    parts.push_back(absl::StrCat("the damaged files are kept in ", absl::StrJoin(aside, ", ")));
  }
  if (!dropped.empty()) {
    parts.push_back(absl::StrCat("removed to make room, because the first and the newest ",
                                 kFoldersAside - 1,
                                 " such folders are kept: ", absl::StrJoin(dropped, ", ")));
  }
  return absl::StrJoin(parts, "; ");
}

}  // namespace tocsin::hub
