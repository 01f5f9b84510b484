#include "core/stream/writer.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/log.h"

namespace tocsin {
namespace {

// Each item of a run has an event, so they need not be counted anew for each subscriber.
size_t CountEvents(const WriteView& view) {
  if (view.run != 0) {
    return view.items.size();
  }
  return static_cast<size_t>(std::count_if(view.items.begin(), view.items.end(),
                                           [](const Item& item) { return item.event != nullptr; }));
}

}  // namespace

void Writer::BeginTurn() {
  now_ = clock_.Monotonic();
  tick_ = now_ >= tick_end();
  sent_ = false;
}

void Writer::EndTurn() {
  if (sent_) {
    last_flush_ = now_;
  }
}

bool Writer::IsFull(const Subscriber& subscriber) const {
  return subscriber.outbox.pending() >= options_.pending_messages ||
         subscriber.outbox.bytes() >= options_.pending_bytes;
}

bool Writer::HasRoom(const Subscriber& subscriber) const {
  return subscriber.outbox.pending() < options_.write_events &&
         subscriber.outbox.bytes() < options_.write_bytes;
}

bool Writer::IsFull(const Stretch& stretch) const {
  return stretch.events() >= options_.pending_messages ||
         stretch.bytes() >= options_.pending_bytes ||
         stretch.passed_over() >= options_.stretch_passed_over;
}

void Writer::GiveStretch(Subscription& subscription) {
  if (subscription.stretch == nullptr || subscription.stretch->empty()) {
    return;
  }
  for (Item& item : subscription.stretch->Take()) {
    subscription.subscriber->outbox.Push(std::move(item), subscription.tag);
  }
  Touch(*subscription.subscriber);
}

void Writer::Touch(Subscriber& subscriber) {
  if (!subscriber.touched) {
    subscriber.touched = true;
    touched_.push_back(subscriber.id);
  }
}

void Writer::FlushTouched() {
  if (!tick_ || touched_.empty()) {
    return;
  }
  std::vector<SubscriberId> touched;
  touched.swap(touched_);
  for (SubscriberId id : touched) {
    if (Subscriber* subscriber = subscribers_.Find(id)) {
      subscriber->touched = false;
      Flush(*subscriber);
    }
  }
  if (touched_.empty()) {
    touched.clear();
    touched_.swap(touched);  // keeps the capacity
  }
}

void Writer::Flush(Subscriber& subscriber) {
  Outbox& outbox = subscriber.outbox;
  bool left = false;
  while (!outbox.writing && !subscriber.closed && outbox.pending() > 0) {
    const WriteView view = outbox.Next(options_.write_events, options_.write_bytes);
    const size_t count = view.items.size();
    Send(subscriber, view);
    left = !outbox.writing;
    outbox.Consume(count);
  }
  if (left && !subscriber.closed) {
    relieved_.push_back(subscriber.id);
  }
}

void Writer::Send(Subscriber& subscriber, const WriteView& view) {
  const size_t events = CountEvents(view);
  sent_ = true;
  subscriber.last_progress = now_;
  subscriber.last_cursor = now_;
  if (const Item& last = view.items.back(); last.cursor.epoch != 0) {
    subscriber.sent = last.place();
  }
  subscriber.bytes_taken = subscriber.sink->BytesTaken();
  bool left = false;
  Guarded(subscriber, [&] { left = subscriber.sink->Write(view); });
  subscriber.outbox.writing = !left && !subscriber.closed;
  stats_.delivered.fetch_add(events, std::memory_order_relaxed);
  stats_.writes.fetch_add(1, std::memory_order_relaxed);
}

void Writer::Written(Subscriber& subscriber) {
  TOCSIN_CHECK(subscriber.outbox.writing || subscriber.closed);
  subscriber.outbox.writing = false;
  now_ = clock_.Monotonic();
  if (!HasRoom(subscriber)) {
    Flush(subscriber);
  } else if (subscriber.outbox.pending() > 0) {
    Touch(subscriber);
    bell_.Wake();
  }
}

bool Writer::IsStuck(Subscriber& subscriber) {
  if (!subscriber.outbox.writing) {
    return false;
  }
  const uint64_t taken = subscriber.sink->BytesTaken();
  if (taken != subscriber.bytes_taken) {
    subscriber.bytes_taken = taken;
    subscriber.last_progress = now_;
    return false;
  }
  return now_ - subscriber.last_progress >= options_.stuck_after;
}

void Writer::Fail(Subscriber& subscriber, const char* why) {
  if (subscriber.closed) {
    return;
  }
  subscriber.closed = true;
  failed_.push_back(subscriber.id);
  LogError("serving a subscriber failed", {{"error", why}});
  bell_.Wake();
}

}  // namespace tocsin
