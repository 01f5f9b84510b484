#include "bridge/upstream/hub_replay.h"

#include <utility>

#include "bridge/upstream/shard_end.h"

namespace tocsin::bridge {

class HubReplay::Handle final : public CatchUp {
 public:
  Handle(HubReplay& replay, uint64_t id, ShardEnd<LogSlice> end)
      : replay_(replay), id_(id), end_(std::move(end)) {}
  ~Handle() override {
    end_.Close();
    replay_.link_.Post([&replay = replay_, id = id_] { replay.replays_.erase(id); });
  }

  // The hub bounds a response as the engine bounds a write.
  void Next(size_t, size_t) override {
    replay_.link_.Post([&replay = replay_, id = id_] { replay.replays_.at(id)->Want(); });
  }

 private:
  HubReplay& replay_;
  const uint64_t id_;
  ShardEnd<LogSlice> end_;
};

std::unique_ptr<CatchUp> HubReplay::Open(Shard& shard, const StartPoint& start, FilterPtr filter,
                                         Deliver deliver) {
  const uint64_t id = ++opened_;
  ShardEnd<LogSlice> end(shard, std::move(deliver));
  link_.Post([this, id, start, filter = std::move(filter), answer = end.Answer()] {
    replays_[id] = std::make_unique<Replay>(link_, slots_, window_, start, filter.get(), answer);
  });
  return std::make_unique<Handle>(*this, id, std::move(end));
}

}  // namespace tocsin::bridge
