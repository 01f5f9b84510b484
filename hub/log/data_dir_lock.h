// data_dir_lock.h: one hub a data directory.
//
// Shape:   an flock on DIR/tocsin.lock, which holds the pid; it goes with the process, however that
//          ends.
// Errors:  FAILED_PRECONDITION when another process holds it, and says which.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tocsin::hub {

class DataDirLock {
 public:
  // Makes the directory (mode 0700) where there is none, with its parents.
  static absl::StatusOr<std::unique_ptr<DataDirLock>> Take(const std::string& dir);
  ~DataDirLock();
  DataDirLock(const DataDirLock&) = delete;
  DataDirLock& operator=(const DataDirLock&) = delete;

 private:
  explicit DataDirLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace tocsin::hub
