#include "cli/verify/recorder.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "core/history/record_json.h"

namespace tocsin::cli::verify {
namespace {

int64_t SteadyNs() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Nobody else's file is written to, whatever stands there.
absl::StatusOr<std::string> TemporaryFile() {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  std::string path = (folder / "tocsin-verify-XXXXXX").string();
  const int file = error ? -1 : mkstemp(path.data());
  if (file < 0) {
    return absl::UnavailableError(absl::StrCat("cannot make ", path, ": ", std::strerror(errno),
                                               ". --history names another file"));
  }
  close(file);
  return path;
}

}  // namespace

absl::Status Recorder::Open(const std::string& path) {
  path_ = path;
  if (path_.empty()) {
    absl::StatusOr<std::string> made = TemporaryFile();
    if (!made.ok()) return made.status();
    path_ = *std::move(made);
  }
  opened_ns_ = SteadyNs();
  const MutexLock lock(mutex_);
  errno = 0;
  out_.open(path_, std::ios::trunc);
  if (out_) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot write the history to ", path_, ": ", std::strerror(errno)));
}

void Recorder::Write(const history::Record& record) {
  const std::string line = history::ToJson(record) + "\n";
  const MutexLock lock(mutex_);
  out_ << line;
}

int64_t Recorder::Now() const { return (SteadyNs() - opened_ns_) / 1000 + 1; }

absl::Status Recorder::Close() {
  const MutexLock lock(mutex_);
  errno = 0;
  out_.close();
  if (out_) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot write the history to ", path_, ": ", std::strerror(errno)));
}

}  // namespace tocsin::cli::verify
