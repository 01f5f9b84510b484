#include "bridge/upstream/hub_snapshots.h"

#include <utility>

#include "bridge/upstream/shard_end.h"

namespace tocsin::bridge {

class HubSnapshots::Handle final : public Reading {
 public:
  Handle(HubSnapshots& snapshots, uint64_t id, ShardEnd<SnapshotMessage> end)
      : snapshots_(snapshots), id_(id), end_(std::move(end)) {}
  ~Handle() override {
    end_.Close();
    snapshots_.link_.Post([&snapshots = snapshots_, id = id_] { snapshots.End(id); });
  }

  void Next() override {
    snapshots_.link_.Post(
        [&snapshots = snapshots_, id = id_] { snapshots.streams_.at(id)->Want(); });
  }

 private:
  HubSnapshots& snapshots_;
  const uint64_t id_;
  ShardEnd<SnapshotMessage> end_;
};

std::unique_ptr<Snapshots::Reading> HubSnapshots::Open(Shard& shard, FilterPtr filter,
                                                       SnapshotFormPtr form, Deliver deliver) {
  const uint64_t id = ++opened_;
  ShardEnd<SnapshotMessage> end(shard, std::move(deliver));
  link_.Post([this, asked = Asked{id, std::move(filter), std::move(form), end.Answer()}]() mutable {
    waiting_.push_back(std::move(asked));
    Begin();
  });
  return std::make_unique<Handle>(*this, id, std::move(end));
}

void HubSnapshots::Begin() {
  while (!waiting_.empty() && streams_.size() < kMaxRunning) {
    const Asked asked = std::move(waiting_.front());
    waiting_.pop_front();
    auto& stream = streams_[asked.id];
    stream = std::make_unique<SnapshotStream>(link_, *asked.filter, asked.form, asked.answer);
    stream->Want();
  }
  running_.store(streams_.size(), std::memory_order_relaxed);
  waiting_count_.store(waiting_.size(), std::memory_order_relaxed);
}

void HubSnapshots::End(uint64_t id) {
  streams_.erase(id);
  std::erase_if(waiting_, [id](const Asked& asked) { return asked.id == id; });
  Begin();
}

}  // namespace tocsin::bridge
