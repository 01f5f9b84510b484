#include "tests/simulation/sim_hub.h"

#include <cstdlib>
#include <utility>

#include "core/base/status_macros.h"
#include "hub/service/publish_request.h"
#include "hub/service/window_fill.h"

namespace tocsin::simulation {
namespace {

// Retention, syncs and alerts that end are looked at so often.
constexpr absl::Duration kMaintenance = absl::Milliseconds(250);

Epoch AnyEpoch(World& world) { return 1 + world.Below((Epoch{1} << 48) - 1); }

hub::SequencerOptions OptionsOf(hub::Durability durability) {
  hub::SequencerOptions options;
  options.durability = durability;
  options.sync_interval = absl::Milliseconds(500);
  return options;
}

v1::PublishResponse ToResponse(std::vector<v1::PublishResult>& results) {
  v1::PublishResponse response;
  for (v1::PublishResult& result : results) {
    *response.add_results() = std::move(result);
  }
  return response;
}

}  // namespace

SimHub::SimHub(World& world, Disk& disk, hub::Durability durability, const ShardOptions& options,
               WindowBounds window)
    : world_(world),
      sequencer_turns_(
          world,
          [this] { return sequencer_.RunOnce() ? world_.now() : world_.now() + kMaintenance; }),
      reader_turns_(world,
                    [this] { return reader_.RunOnce() ? world_.now() : absl::InfiniteDuration(); }),
      snapshot_turns_(
          world, [this] { return snapshots_.RunOnce() ? world_.now() : absl::InfiniteDuration(); }),
      shard_turns_(world, [this] { return ServeShard(); }),
      log_(disk, AnyEpoch(world)),
      window_(window),
      sequencer_(log_, window_, world.clock(), OptionsOf(durability)),
      reader_(log_, window_),
      snapshots_(log_, world.clock()),
      shard_(window_, reader_, world.clock(), options) {
  shard_.SetBell([this] { shard_turns_.Ring(); });
  sequencer_.SetOnAppended([this] { shard_.Ring(); });
  hub::FillWindow(log_, window, window_);
  if (!sequencer_.Open().ok()) {
    std::abort();
  }
  sequencer_turns_.Ring();
  shard_turns_.Ring();
}

SimHub::~SimHub() {
  for (Caller* caller : std::vector<Caller*>(callers_)) {
    caller->OnHubGone();
  }
}

// What the shard does may ask something of the readers.
absl::Duration SimHub::ServeShard() {
  const absl::Duration next = shard_.RunOnce();
  reader_turns_.Ring();
  snapshot_turns_.Ring();
  return next;
}

void SimHub::Publish(v1::PublishRequest request, Answer answer) {
  absl::StatusOr<hub::PublishRequestData> data = hub::ReadPublishRequest(request);
  if (!data.ok()) {
    return answer(data.status());
  }
  sequencer_.Publish(*std::move(data), [answer = std::move(answer)](hub::PublishOutcome outcome) {
    outcome.ok() ? answer(ToResponse(*outcome)) : answer(outcome.status());
  });
  sequencer_turns_.Ring();
}

}  // namespace tocsin::simulation
