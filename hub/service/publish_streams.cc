#include "hub/service/publish_streams.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"

namespace tocsin::hub {

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PublishStreams::Open() {
  auto stream = std::make_shared<PublishStream>(publisher_, *this);
  stream->Begin(Admit(stream));
  return stream.get();
}

absl::Status PublishStreams::Admit(const std::shared_ptr<PublishStream>& stream) {
  RETURN_IF_ERROR(admission_.CheckOpen());
  MutexLock lock(mutex_);
  if (open_.size() >= kMaxStreams) {
    return MakeError(ErrorCode::kRateLimitExceeded,
                     absl::StrCat("the hub serves its ", kMaxStreams, " publish streams already"),
                     {.retry_after = absl::Seconds(5)});
  }
  open_.emplace(stream.get(), stream);
  return absl::OkStatus();
}

void PublishStreams::Remove(PublishStream* stream) {
  MutexLock lock(mutex_);
  open_.erase(stream);
  if (open_.empty()) {
    emptied_.NotifyAll();
  }
}

void PublishStreams::Drain() {
  std::vector<std::shared_ptr<PublishStream>> streams;
  {
    MutexLock lock(mutex_);
    for (const auto& [stream, weak] : open_) {
      if (auto held = weak.lock()) {
        streams.push_back(std::move(held));
      }
    }
  }
  for (const auto& stream : streams) {
    stream->End(admission_.CheckOpen());
  }
}

bool PublishStreams::WaitEmpty(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  MutexLock lock(mutex_);
  while (!open_.empty()) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) {
      return false;
    }
    emptied_.WaitFor(mutex_, left);
  }
  return true;
}

}  // namespace tocsin::hub
