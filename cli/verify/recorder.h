// recorder.h: writes the history of a run to its file, as it happens.
//
// Threads: safe.
// Errors:  a write that fails is told by Close, and ends nothing before.
#pragma once

#include <fstream>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "core/history/record.h"

namespace tocsin::cli::verify {

class Recorder {
 public:
  // An empty path: a new file in the folder for temporary ones.
  absl::Status Open(const std::string& path);
  void Write(const history::Record& record);
  // Microseconds since Open, on a clock that never goes back; at least 1.
  int64_t Now() const;
  absl::Status Close();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int64_t opened_ns_ = 0;
  Mutex mutex_;
  std::ofstream out_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::cli::verify
