#include "bridge/graphql/event_messages.h"

#include "absl/status/statusor.h"
#include "core/base/log.h"
#include "core/event/wire.h"

namespace tocsin::bridge::graphql {

// Events that follow one another never meet in one place.
const v1::Event* EventMessages::Of(const EventRecord& event) {
  if (bytes_ > kKeptBytes) {
    Forget();
  }
  Kept& kept = kept_[event.cursor.sequence % kKeptEvents];
  return kept.cursor == event.cursor || Make(kept, event) ? &kept.event : nullptr;
}

// A message that is parsed into anew uses the memory that it has.
bool EventMessages::Make(Kept& kept, const EventRecord& event) {
  kept.cursor = {};  // nobody's, should what follows throw or fail
  ++made_;
  const absl::StatusOr<std::string_view> body = UnwrapEventField(event.payload);
  if (!body.ok() || !kept.event.ParseFromArray(body->data(), static_cast<int>(body->size()))) {
    LogError("an event cannot be read and is told as a gap",
             {{"cursor", FormatCursor(event.cursor)}});
    return false;
  }
  bytes_ += body->size() - kept.bytes;
  kept.bytes = body->size();
  kept.cursor = event.cursor;
  return true;
}

void EventMessages::Forget() {
  for (Kept& kept : kept_) {
    kept = Kept();
  }
  bytes_ = 0;
}

}  // namespace tocsin::bridge::graphql
