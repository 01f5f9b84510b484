#include "core/shell/settings_reload.h"

#include "absl/strings/str_join.h"
#include "core/base/log.h"
#include "core/base/planted.h"

namespace tocsin {
namespace {

// "--listen, --shards".
std::string Flags(const std::vector<std::string>& names) {
  return absl::StrJoin(names, ", ", [](std::string* out, const std::string& name) {
    out->append("--").append(name);
  });
}

void Tell(const Options::Changes& changes) {
  LogInfo("settings read again", {{"changed", Flags(changes.changed)}});
  if (!changes.needs_restart.empty()) {
    LogWarning("changed in the file, needs a restart",
               {{"settings", Flags(changes.needs_restart)}});
  }
}

}  // namespace

absl::StatusOr<Options::Changes> SettingsReload::Run() {
  MutexLock lock(mutex_);
  if (stopped_) {
    return absl::FailedPreconditionError("the program is ending");
  }
  absl::StatusOr<Options::Changes> changes = options_.Reread();
  if (changes.ok()) {
    Tell(*changes);
    apply_();
  } else {
    LogError("settings are wrong, and stay as they were", {{"error", changes.status()}});
  }
  if (changes.ok() || !Planted("files-wait")) read_files_();
  return changes;
}

void SettingsReload::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
}

}  // namespace tocsin
