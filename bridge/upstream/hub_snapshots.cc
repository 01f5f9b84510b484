#include "bridge/upstream/hub_snapshots.h"

#include <utility>

#include "core/base/stand_back.h"
#include "core/stream/shard.h"

namespace tocsin::bridge {
namespace {

// The shard's end of a snapshot.
struct Reader {
  Shard& shard;
  const Snapshots::Deliver deliver;
  bool alive = true;  // the shard's thread only
};

}  // namespace

class HubSnapshots::Handle final : public Reading {
 public:
  Handle(HubSnapshots& snapshots, uint64_t id, std::shared_ptr<Reader> reader)
      : snapshots_(snapshots), id_(id), reader_(std::move(reader)) {}
  ~Handle() override {
    reader_->alive = false;
    snapshots_.loop_.Post([&snapshots = snapshots_, id = id_] { snapshots.End(id); });
  }

  void Next() override {
    snapshots_.loop_.Post(
        [&snapshots = snapshots_, id = id_] { snapshots.streams_.at(id)->Want(); });
  }

 private:
  HubSnapshots& snapshots_;
  const uint64_t id_;
  const std::shared_ptr<Reader> reader_;
};

HubSnapshots::HubSnapshots(std::shared_ptr<grpc::Channel> channel)
    : channel_(std::move(channel)), thread_([this] {
        StandBack();
        loop_.Run();
      }) {}

HubSnapshots::~HubSnapshots() { Stop(); }

void HubSnapshots::Stop() {
  loop_.Stop();
  if (thread_.joinable()) {
    thread_.join();
  }
}

std::unique_ptr<Snapshots::Reading> HubSnapshots::Open(Shard& shard, FilterPtr filter,
                                                       Deliver deliver) {
  const uint64_t id = ++opened_;
  auto reader = std::make_shared<Reader>(Reader{shard, std::move(deliver)});
  const auto answer = [reader](SnapshotMessage message) {
    reader->shard.Post([reader, message = std::move(message)]() mutable {
      if (reader->alive) {
        reader->deliver(std::move(message));
      }
    });
  };
  loop_.Post([this, id, filter = std::move(filter), answer] {
    waiting_.push_back({id, filter, answer});
    Begin();
  });
  return std::make_unique<Handle>(*this, id, std::move(reader));
}

void HubSnapshots::Begin() {
  while (!waiting_.empty() && streams_.size() < kMaxRunning) {
    const Asked asked = std::move(waiting_.front());
    waiting_.pop_front();
    auto& stream = streams_[asked.id];
    stream = std::make_unique<SnapshotStream>(loop_, channel_, *asked.filter, asked.answer);
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
