#include "cli/bench/publish_tally.h"

#include <utility>

namespace tocsin::cli::bench {

void PublishTally::Sent(const Batch& batch, absl::Duration now) {
  MutexLock lock(mutex_);
  if (figures_.sent == 0) figures_.first_sent = now;
  figures_.sent += batch.events;
}

void PublishTally::Acknowledged(const Batch& batch, absl::Duration now) {
  MutexLock lock(mutex_);
  figures_.acknowledged += batch.events;
  figures_.bytes += batch.events * event_bytes_;
  figures_.last_answer = now;
  interval_.acknowledged += batch.events;
  interval_.latency.Add(now - batch.due, batch.events);
}

void PublishTally::Refused(const Batch& batch, const std::string& code, absl::Duration now) {
  MutexLock lock(mutex_);
  figures_.refused += batch.events;
  figures_.last_answer = now;
  figures_.errors[code] += batch.events;
}

void PublishTally::Broken(const std::string& code) {
  MutexLock lock(mutex_);
  ++figures_.errors[code];
}

void PublishTally::SendingEnded(uint64_t due, absl::Duration now) {
  MutexLock lock(mutex_);
  figures_.due = due;
  figures_.sending_ended = now;
}

void PublishTally::Fold() {
  figures_.latency.Merge(interval_.latency);
  interval_ = PublishInterval();
}

uint64_t PublishTally::Refusals() {
  MutexLock lock(mutex_);
  return figures_.refused;
}

PublishInterval PublishTally::TakeInterval() {
  MutexLock lock(mutex_);
  PublishInterval taken = interval_;
  Fold();
  return taken;
}

PublishFigures PublishTally::Figures() {
  MutexLock lock(mutex_);
  Fold();
  return figures_;
}

}  // namespace tocsin::cli::bench
