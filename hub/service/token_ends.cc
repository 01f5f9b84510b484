#include "hub/service/token_ends.h"

#include "core/base/planted.h"
#include "core/event/error.h"

namespace tocsin::hub {

absl::Status TokenEndedError() {
  return MakeError(ErrorCode::kUnauthorized,
                   "the token has expired; resume from the last cursor with a fresh one");
}

void TokenEnds::Enter(Holder& holder, absl::Duration at) {
  Leave(holder);
  holder.told_ = false;
  if (at != absl::InfiniteDuration() && !Planted("stream-outlives-token")) {
    Place(holder, at);
  }
}

void TokenEnds::Place(Holder& holder, absl::Duration at) {
  holder.at_ = queue_.emplace(at, &holder);
  holder.placed_ = true;
}

void TokenEnds::Leave(Holder& holder) {
  if (holder.placed_) {
    queue_.erase(holder.at_);
    holder.placed_ = false;
  }
}

absl::Duration TokenEnds::Tick(absl::Duration now) {
  while (!queue_.empty() && queue_.begin()->first <= now) {
    Holder& holder = *queue_.begin()->second;
    Leave(holder);
    if (holder.told_) {
      holder.CutOff();
    } else {
      holder.told_ = true;
      if (!Planted("slow-stream-outlives-token")) Place(holder, now + kGrace);
      holder.TokenEnded();
    }
  }
  return queue_.empty() ? absl::InfiniteDuration() : queue_.begin()->first;
}

}  // namespace tocsin::hub
