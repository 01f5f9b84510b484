// event_json.h: the JSON of the events that were sent last, each rendered once for all who are sent
// it by one worker.
//
// Shape:   TailOf is the end of the `event` message, from the bracket that closes
//          `subscription_ids` on: ],"message_id":"…","timestamp":"…","sequence":7,"event":{…}}. Of
//          the `left` message it is the same, with "incident_id":"…","incident":{…} in the place of
//          the event. What comes before it differs by connection. It is rendered when it is first
//          wanted, so an event that no client is sent is never rendered. Kept are the last
//          kKeptEvents, which is more than one pass of the engine hands out, and no more than
//          kKeptBytes.
// Threads: a worker's.
// Owns:    the texts.
// Errors:  an event whose bytes are damaged has no JSON.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/event/limits.h"
#include "core/event/record.h"

namespace tocsin::bridge {

// DATA_LOSS, and nothing is appended, when the event is damaged.
absl::Status AppendEventTail(std::string& out, const EventRecord& event);
absl::Status AppendLeftTail(std::string& out, const EventRecord& event);
// The same without the incident, of which only the id may be told.
absl::Status AppendUnseenLeftTail(std::string& out, const EventRecord& event);

class EventJson {
 public:
  using AppendTail = absl::Status (*)(std::string& out, const EventRecord& event);

  static constexpr size_t kKeptEvents = 1'024;
  static constexpr size_t kKeptBytes = 4 * limits::kMiB;

  explicit EventJson(AppendTail append = AppendEventTail) : append_(append) {}

  // Null when the event is damaged. Good until the next call.
  const std::string* TailOf(const EventRecord& event);
  // The same without the bracket and the comma at its beginning.
  static std::string_view FieldsOf(const std::string& tail) {
    return std::string_view(tail).substr(2);
  }

  // The same tail with another place in its message_id: where a subscription resumes that was given
  // other events before this one (Item::place).
  static std::string WithPlace(const std::string& tail, const Cursor& cursor, const Place& place);

  // How many events have been rendered.
  uint64_t made() const { return made_; }
  size_t kept_bytes() const { return bytes_; }

 private:
  struct Kept {
    Cursor cursor;  // epoch 0: nothing
    std::string tail;
  };

  bool Make(Kept& kept, const EventRecord& event);
  void Forget();

  const AppendTail append_;
  std::array<Kept, kKeptEvents> kept_;  // by sequence
  size_t bytes_ = kept_.size() * std::string().capacity();
  uint64_t made_ = 0;
};

// What stands in the place of an event that is damaged.
Gap DamagedGap(const Cursor& cursor);

}  // namespace tocsin::bridge
