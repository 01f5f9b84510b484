#include "bridge/ws/session_snapshots.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/planted.h"
#include "core/event/limits.h"

namespace tocsin::bridge::ws {

void SessionSnapshots::Add(Request request) {
  requests_.push_back(std::move(request));
  Begin();
}

bool SessionSnapshots::Has(SubscriptionTag tag) const {
  return std::any_of(requests_.begin(), requests_.end(),
                     [tag](const Request& request) { return request.tag == tag; });
}

std::optional<SessionSnapshots::Request> SessionSnapshots::Remove(SubscriptionTag tag) {
  const auto found = std::find_if(requests_.begin(), requests_.end(),
                                  [tag](const Request& request) { return request.tag == tag; });
  if (found == requests_.end()) {
    return std::nullopt;
  }
  if (found == requests_.begin()) {
    reading_.reset();
    in_flight_ = false;
  }
  Request request = std::move(*found);
  requests_.erase(found);
  Begin();
  return request;
}

void SessionSnapshots::Clear() {
  reading_.reset();
  requests_.clear();
  in_flight_ = false;
}

void SessionSnapshots::Refilter(Shard::Narrow narrow) {
  std::vector<std::pair<SubscriptionTag, absl::Status>> failed;
  for (Request& request : requests_) {
    absl::StatusOr<FilterPtr> filter = narrow(request.asked);
    if (!filter.ok()) {
      failed.emplace_back(request.tag, filter.status());
    } else if ((*filter)->key() != request.filter->key() && !Planted("snapshot-keeps-filter")) {
      request.filter = *std::move(filter);
      if (&request == &requests_.front()) {
        reading_.reset();
        in_flight_ = false;
      }
    }
  }
  for (const auto& [tag, status] : failed) {
    owner_.OnSnapshotFailed(*Remove(tag), status);
  }
  Begin();
}

size_t SessionSnapshots::MemoryBytes() const {
  size_t bytes = requests_.size() * sizeof(Request);
  for (const Request& request : requests_) {
    bytes += request.filter->bytes();
    bytes += request.asked != request.filter ? request.asked->bytes() : 0;
  }
  return bytes;
}

void SessionSnapshots::OnEnded(SubscriptionTag tag) {
  for (Request& request : requests_) {
    if (request.replaces == tag) {
      request.replaces = 0;
    }
  }
  Begin();
}

void SessionSnapshots::Begin() {
  if (reading_ == nullptr && !requests_.empty() && requests_.front().replaces == 0) {
    const Request& request = requests_.front();
    reading_ =
        context_.snapshots.Open(context_.shard, request.filter, request.form,
                                [this](SnapshotMessage message) { OnMessage(std::move(message)); });
  }
}

void SessionSnapshots::OnMessage(SnapshotMessage message) {
  message.place.sequence += Planted("bridge-goes-on-one-late");
  if (!owner_.MayTell()) {
    return;
  }
  const SubscriptionTag tag = requests_.front().tag;
  if (!message.status.ok()) {
    return owner_.OnSnapshotFailed(*Remove(tag), message.status);
  }
  if (!std::exchange(requests_.front().announced, true)) {
    owner_.OnSnapshotBegun(requests_.front(), message.place);
  }
  if (message.last) {
    return owner_.OnSnapshotRead(*Remove(tag), message.place, std::move(message.text));
  }
  Send(message);
}

void SessionSnapshots::Send(const SnapshotMessage& message) {
  in_flight_ = true;
  last_progress_ = context_.clock.Monotonic();
  bytes_taken_ = output_.BytesTaken();
  output_.Send(owner_.SnapshotFrames(requests_.front(), message.text));
  context_.metrics.messages_sent.Increment();
  if (output_.BytesWaiting() == 0) {
    OnRepliesSent();
  }
}

void SessionSnapshots::OnRepliesSent() {
  if (std::exchange(in_flight_, false)) {
    reading_->Next();
  }
}

bool SessionSnapshots::IsStuck() {
  if (!in_flight_) {
    return false;
  }
  const absl::Duration now = context_.clock.Monotonic();
  if (const uint64_t taken = output_.BytesTaken(); taken != bytes_taken_) {
    bytes_taken_ = taken;
    last_progress_ = now;
  }
  return now - last_progress_ >= limits::kStuckAfter;
}

}  // namespace tocsin::bridge::ws
