#include "hub/log/data_dir_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace tocsin::hub {
namespace {

absl::Status SystemError(const std::string& doing, const std::string& path) {
  const int error = errno;
  return absl::UnavailableError(absl::StrCat("cannot ", doing, " ", path, ": ", strerror(error)));
}

absl::Status MakeDirs(const std::string& dir) {
  for (size_t slash = dir.find('/', 1);; slash = dir.find('/', slash + 1)) {
    const std::string part = dir.substr(0, slash);
    if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      return SystemError("make the directory", part);
    }
    if (slash == std::string::npos) {
      return absl::OkStatus();
    }
  }
}

std::string ReadPid(int fd) {
  char text[32] = {};
  const ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
  return size > 0 ? std::string(absl::StripAsciiWhitespace(absl::string_view(text, size)))
                  : "unknown";
}

// The pid only helps the reader of the message below: on a full disk the lock holds all the same.
void WritePid(int fd) {
  const std::string text = absl::StrCat(getpid(), "\n");
  if (ftruncate(fd, 0) == 0 && pwrite(fd, text.data(), text.size(), 0) < 0) {
    errno = 0;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataDirLock>> DataDirLock::Take(const std::string& dir) {
  if (dir.empty()) {
    return absl::InvalidArgumentError("the data directory has no name");
  }
  RETURN_IF_ERROR(MakeDirs(dir));
  const std::string path = dir + "/tocsin.lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return SystemError("open", path);
  }
  std::unique_ptr<DataDirLock> lock(new DataDirLock(fd));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return SystemError("lock", path);
    }
    return absl::FailedPreconditionError(absl::StrCat(
        "data directory ", dir, " is in use by another tocsin-hub (pid ", ReadPid(fd), ")"));
  }
  WritePid(fd);
  return lock;
}

DataDirLock::~DataDirLock() { close(fd_); }

}  // namespace tocsin::hub
