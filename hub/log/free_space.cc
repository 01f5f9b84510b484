#include "hub/log/free_space.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/limits.h"

namespace tocsin::hub {
namespace {

// Marks a status; clients are not told.
constexpr char kDiskFull[] = "tocsin/disk_full";

}  // namespace

absl::StatusOr<uint64_t> SystemFreeSpace(const std::string& dir) {
  struct statvfs disk {};
  if (statvfs(dir.c_str(), &disk) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot ask for the free space of ", dir, ": ", strerror(errno)));
  }
  return uint64_t{disk.f_bavail} * disk.f_frsize;
}

absl::Status DiskFullError(std::string_view what) {
  absl::Status error = MakeError(ErrorCode::kServiceUnavailable,
                                 absl::StrCat("the hub's disk is full: ", ToAbsl(what),
                                              "; publishing goes on when there is room"),
                                 {.retry_after = absl::Seconds(5)});
  error.SetPayload(kDiskFull, absl::Cord());
  return error;
}

bool IsDiskFull(const absl::Status& status) { return status.GetPayload(kDiskFull).has_value(); }

absl::Status CheckFreeSpace(const FreeSpace& free_space, const std::string& dir, uint64_t reserve) {
  ASSIGN_OR_RETURN(const uint64_t free, free_space(dir));
  if (free >= reserve) {
    return absl::OkStatus();
  }
  return DiskFullError(absl::StrCat(free / limits::kMiB, " MiB are free and ",
                                    reserve / limits::kMiB, " MiB must stay so"));
}

}  // namespace tocsin::hub
