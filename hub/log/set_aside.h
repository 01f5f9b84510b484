// set_aside.h: keeps the files of a damaged database in a folder beside it.
//
// Shape:   the folder holds hard links. A database that is opened in spite of damage deletes files,
//          but never writes into existing ones.
// Threads: none; only used while the log is opened.
// Errors:  UNAVAILABLE with the system's reason.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tocsin::hub {

// How many folders with damaged files are kept. A disk that damages the log at every start must not
// fill up with them, and whoever repairs it wants the first one, which is from before the trouble
// began, and the newest ones.
inline constexpr size_t kFoldersAside = 8;

// Links those files of `dir` for which `want` is true into the new folder `aside`.
absl::Status SetAside(const std::string& dir, const std::string& aside,
                      const std::function<bool(std::string_view)>& want);
// Removes the folder, for an opening that found no loss.
void ForgetAside(const std::string& aside);
// Gives the folder its lasting name, "DIR.damaged-20260102T030405Z", and returns the name.
absl::StatusOr<std::string> NameAside(const std::string& dir, const std::string& aside,
                                      absl::Time now);
// Removes folders until kFoldersAside are left: the oldest ones, but not the first, and none of
// `now`, those of this start. Returns the removed ones.
std::vector<std::string> DropOldAside(const std::string& dir, const std::vector<std::string>& now);

}  // namespace tocsin::hub
