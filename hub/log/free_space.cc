#include "hub/log/free_space.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/limits.h"

namespace tocsin::hub {

absl::StatusOr<uint64_t> SystemFreeSpace(const std::string& dir) {
  struct statvfs disk {};
  if (statvfs(dir.c_str(), &disk) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot ask for the free space of ", dir, ": ", strerror(errno)));
  }
  return uint64_t{disk.f_bavail} * disk.f_frsize;
}

absl::Status CheckFreeSpace(const FreeSpace& free_space, const std::string& dir, uint64_t reserve) {
  ASSIGN_OR_RETURN(const uint64_t free, free_space(dir));
  if (free >= reserve) {
    return absl::OkStatus();
  }
  ErrorDetails details;
  details.retry_after = absl::Seconds(5);
  return MakeErrorAs(
      ErrorCode::kServiceUnavailable, absl::StatusCode::kResourceExhausted,
      absl::StrCat("the hub's disk is full: ", free / limits::kMiB, " MiB are free and ",
                   reserve / limits::kMiB, " MiB must stay so"),
      details);
}

}  // namespace tocsin::hub
