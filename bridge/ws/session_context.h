// session_context.h: what the sessions of one worker share.
//
// Threads: a worker's.
// Owns:    the frames that have been rendered for several sessions.
#pragma once

#include <memory>
#include <random>

#include "absl/time/time.h"
#include "bridge/event_json.h"
#include "bridge/metrics.h"
#include "bridge/rendered_batch.h"
#include "bridge/snapshots.h"
#include "bridge/ws/deflate.h"
#include "bridge/ws/deflated_frames.h"
#include "core/auth/authenticator.h"
#include "core/base/clock.h"
#include "core/event/limits.h"
#include "core/stream/shard.h"
#include "core/stream/window.h"

namespace tocsin::bridge::ws {

struct SessionOptions {
  absl::Duration heartbeat_interval = limits::kHeartbeatInterval;
  absl::Duration session_timeout = limits::kSessionTimeout;
  size_t max_subscriptions = limits::kSubscriptionsPerConnection;
  size_t max_message_bytes = limits::kClientMessageBytes;
  size_t messages_per_second = limits::kMessagesPerSecond;
  size_t message_burst = limits::kMessageBurst;
  bool compression = false;  // permessage-deflate, for clients that offer it
};

// What the sessions share besides, if compression is on.
struct Compression {
  DeflatedFrames events;
  Inflater inflater;
  RenderedBatch rendered;  // like SessionContext::rendered, but compressed
};

struct SessionContext {
  Shard& shard;
  const Window& window;
  Clock& clock;
  const SessionOptions& options;
  Metrics& metrics;
  Snapshots& snapshots;
  const Authenticator& authenticator = Authenticator::None();
  bool hub_connected = true;
  EventJson json = EventJson(AppendEventTail);
  EventJson left_json = EventJson(AppendLeftTail);
  RenderedBatch rendered = {};
  std::unique_ptr<Compression> compression = {};  // null: off
  std::minstd_rand random = std::minstd_rand(std::random_device{}());
};

}  // namespace tocsin::bridge::ws
