// What the subscribers hold, counted where it changes.
//
// What has been counted for something is noted in it, and that is what is counted off when it goes:
// the totals cannot drift. What is found in a step (tables, the index, which counts itself) is
// added when the numbers are published.
#include "core/base/heap_bytes.h"
#include "core/stream/shard.h"

namespace tocsin {
namespace {

void Recount(uint64_t& total, size_t& counted, size_t now) {
  total += now;
  total -= counted;
  counted = now;
}

}  // namespace

void Shard::CountSubscriptions(Subscriber& subscriber) {
  Recount(memory_.subscriber_bytes, subscriber.counted_list, HeapBytes(subscriber.subscriptions));
}

// A live one shares its filter with its entry in the index, where it is counted.
void Shard::CountSubscription(Subscription& subscription) {
  const size_t filter = subscription.live() ? 0 : subscription.filter->bytes();
  Recount(memory_.subscription_bytes, subscription.counted, sizeof(subscription) + filter);
}

void Shard::CountBatch(Subscriber& subscriber) {
  Recount(memory_.batch_bytes, subscriber.counted_batch, subscriber.batch_bytes());
}

void Shard::CountRun(EventRun& run) {
  Recount(memory_.run_bytes, run.counted, sizeof(run) + HeapBytes(run.items));
}

void Shard::DropRuns(size_t kept) {
  for (; runs_.size() > kept; runs_.pop_back()) {
    memory_.run_bytes -= runs_.back()->counted;
  }
}

void Shard::CountOff(const Subscriber& subscriber) {
  memory_.subscriber_bytes -= subscriber.counted_list;
  memory_.batch_bytes -= subscriber.counted_batch;
}

void Shard::CountOff(const Subscription& subscription) {
  memory_.subscription_bytes -= subscription.counted;
}

void Shard::PublishMemory() {
  MemoryUse now = memory_;
  now.subscribers = subscribers_.size();
  now.subscriptions = stats_.subscriptions.load(std::memory_order_relaxed);
  now.subscriber_bytes += subscribers_.size() * sizeof(Subscriber) + TableBytes(subscribers_);
  now.index_bytes = index_.bytes();
  now.run_bytes += HeapBytes(runs_) + index_.match_bytes();
  now.pending_bytes = pending_total_;
  published_.Set(now);
}

}  // namespace tocsin
