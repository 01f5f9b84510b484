#include "hub/log/loss_marker.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace tocsin::hub {
namespace {

absl::Status SystemError(const char* doing, const std::string& path) {
  const int error = errno;
  return absl::UnavailableError(absl::StrCat("cannot ", doing, " ", path, ": ", strerror(error)));
}

absl::Status OpenAndSync(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) {
    return SystemError("open", path);
  }
  const absl::Status synced = fsync(fd) == 0 ? absl::OkStatus() : SystemError("sync", path);
  close(fd);
  return synced;
}

}  // namespace

absl::Status SetLossMarker(const std::string& path) {
  RETURN_IF_ERROR(OpenAndSync(path, O_WRONLY | O_CREAT));
  const size_t slash = path.rfind('/');
  return OpenAndSync(slash == std::string::npos ? "." : path.substr(0, slash + 1),
                     O_RDONLY | O_DIRECTORY);
}

bool HasLossMarker(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

absl::Status ClearLossMarker(const std::string& path) {
  return unlink(path.c_str()) == 0 || errno == ENOENT ? absl::OkStatus()
                                                      : SystemError("remove", path);
}

}  // namespace tocsin::hub
