#include "bridge/upstream/hub_replay.h"

#include <utility>

#include "core/stream/shard.h"

namespace tocsin::bridge {
namespace {

// The shard's end of a replay.
struct Reader {
  Shard& shard;
  const LogReader::Deliver deliver;
  bool alive = true;  // the shard's thread only
};

}  // namespace

class HubReplay::Handle final : public CatchUp {
 public:
  Handle(HubReplay& replay, uint64_t id, std::shared_ptr<Reader> reader)
      : replay_(replay), id_(id), reader_(std::move(reader)) {}
  ~Handle() override {
    reader_->alive = false;
    replay_.loop_.Post([&replay = replay_, id = id_] { replay.replays_.erase(id); });
  }

  // The hub bounds a response as the engine bounds a write.
  void Next(size_t, size_t) override {
    replay_.loop_.Post([&replay = replay_, id = id_] { replay.replays_.at(id)->Want(); });
  }

 private:
  HubReplay& replay_;
  const uint64_t id_;
  const std::shared_ptr<Reader> reader_;
};

HubReplay::HubReplay(std::shared_ptr<grpc::Channel> channel, const Window& window,
                     size_t max_streams)
    : channel_(std::move(channel)),
      window_(window),
      slots_(max_streams),
      thread_([this] { loop_.Run(); }) {}

HubReplay::~HubReplay() { Stop(); }

void HubReplay::Stop() {
  loop_.Stop();
  if (thread_.joinable()) {
    thread_.join();
  }
}

std::unique_ptr<CatchUp> HubReplay::Open(Shard& shard, const StartPoint& start, FilterPtr filter,
                                         Deliver deliver) {
  const uint64_t id = ++opened_;
  auto reader = std::make_shared<Reader>(Reader{shard, std::move(deliver)});
  const auto answer = [reader](LogSlice slice) {
    reader->shard.Post([reader, slice = std::move(slice)]() mutable {
      if (reader->alive) {
        reader->deliver(std::move(slice));
      }
    });
  };
  loop_.Post([this, id, start, filter = std::move(filter), answer] {
    replays_[id] =
        std::make_unique<Replay>(loop_, channel_, slots_, window_, start, filter.get(), answer);
  });
  return std::make_unique<Handle>(*this, id, std::move(reader));
}

}  // namespace tocsin::bridge
