#include "hub/service/admin_calls.h"

#include <memory>
#include <utility>

#include "core/event/error.h"

namespace tocsin::hub {
namespace {

constexpr absl::Duration kComeBackAfter = absl::Seconds(1);

absl::Status Away() {
  return MakeError(ErrorCode::kServiceUnavailable, "the hub is starting or going down",
                   {.retry_after = kComeBackAfter});
}

absl::Status Busy() {
  return MakeError(ErrorCode::kRateLimitExceeded, "many calls of operators wait already",
                   {.retry_after = kComeBackAfter});
}

}  // namespace

void AdminCalls::Use(Admin* admin) {
  open_ = admin != nullptr;
  MutexLock lock(mutex_);
  admin_ = admin;
}

void AdminCalls::Run(AdminCall call) {
  const auto shared = std::make_shared<AdminCall>(std::move(call));
  TaskThread::Task task = [this, shared] {
    MutexLock lock(mutex_);
    (*shared)(admin_ == nullptr ? absl::StatusOr<Admin*>(Away()) : admin_);
  };
  if (!open_ || !thread_.Run(task)) {
    (*shared)(open_ ? Busy() : Away());
  }
}

}  // namespace tocsin::hub
