#include "hub/log/durable_mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <fstream>
#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace tocsin::hub {
namespace {

absl::Status SystemError(const char* doing, const std::string& path) {
  const int error = errno;
  return absl::UnavailableError(absl::StrCat("cannot ", doing, " ", path, ": ", strerror(error)));
}

// A write may take only a part; one that takes nothing has failed.
bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (written == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

absl::Status WriteFile(const std::string& path, const std::string& text, bool sync) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) {
    return SystemError("open", path);
  }
  const absl::Cleanup closing = [fd] { close(fd); };
  if (!WriteAll(fd, text)) {
    return SystemError("write", path);
  }
  return !sync || fsync(fd) == 0 ? absl::OkStatus() : SystemError("sync", path);
}

absl::Status SyncFolderOf(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return SystemError("open", folder);
  }
  const absl::Cleanup closing = [fd] { close(fd); };
  return fsync(fd) == 0 ? absl::OkStatus() : SystemError("sync", folder);
}

}  // namespace

absl::Status WriteDurableMark(const std::string& path, const DurableMark& mark, bool sync) {
  const std::string fresh = path + ".new";
  RETURN_IF_ERROR(
      WriteFile(fresh, absl::StrCat("epoch ", mark.epoch, " sequence ", mark.last, " .\n"), sync));
  if (rename(fresh.c_str(), path.c_str()) != 0) {
    return SystemError("replace", path);
  }
  return sync ? SyncFolderOf(path) : absl::OkStatus();
}

std::optional<DurableMark> ReadDurableMark(const std::string& path) {
  std::ifstream file(path);
  std::string epoch;
  std::string sequence;
  std::string end;
  DurableMark mark;
  file >> epoch >> mark.epoch >> sequence >> mark.last >> end;
  if (epoch != "epoch" || sequence != "sequence" || end != ".") {
    return std::nullopt;
  }
  return mark;
}

}  // namespace tocsin::hub
