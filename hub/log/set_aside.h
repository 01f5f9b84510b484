// set_aside.h: keeps files of a damaged database under another name, whatever becomes of them.
//
// Shape:   a folder beside the database's, of hard links: a database that is opened over damage
//          deletes files, and never writes into one that is there.
// Threads: none; while the log is opened.
// Errors:  UNAVAILABLE with the system's reason.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tocsin::hub {

// Links the files of `dir` that `want` names into the new folder `aside`.
absl::Status SetAside(const std::string& dir, const std::string& aside,
                      const std::function<bool(std::string_view)>& want);
// Undoes it, when nothing has come of it.
void ForgetAside(const std::string& aside);
// Gives the folder its lasting name, "DIR.damaged-20260102T030405Z", and answers it.
absl::StatusOr<std::string> NameAside(const std::string& dir, const std::string& aside,
                                      absl::Time now);

}  // namespace tocsin::hub
