// settings_reload.h: reads a program's settings again while it runs, as a whole or not at all, and
// then the files that they name.
//
// Shape:   the settings are read and checked; only then are they applied. Certificates and keys are
//          read again also where the settings are wrong: each of them keeps its old one by itself.
// Threads: Run from any, one at a time; `apply` and `read_files` are called inside it.
// Owns:    nothing.
// Errors:  the settings', which are logged, too.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "core/base/options.h"

namespace tocsin {

class SettingsReload {
 public:
  // `apply`: puts into force what the settings' variables say now.
  SettingsReload(Options& options, std::function<void()> apply, std::function<void()> read_files)
      : options_(options), apply_(std::move(apply)), read_files_(std::move(read_files)) {}

  absl::StatusOr<Options::Changes> Run();
  // Waits for the one under way. Afterwards Run is refused.
  void Stop();

 private:
  Options& options_;
  const std::function<void()> apply_;
  const std::function<void()> read_files_;
  Mutex mutex_;  // held while these run
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin
