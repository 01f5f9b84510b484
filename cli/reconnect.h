// reconnect.h: waits between two tries to publish, while the connection is restored.
//
// Shape:   gRPC connects only while some thread polls it. If this thread slept, only gRPC's backup
//          poller would, every 5 s. So the wait is spent polling the channel.
#pragma once

#include <grpcpp/grpcpp.h>

#include "absl/time/time.h"
#include "cli/interrupt.h"

namespace tocsin::cli {

// Between two tries to publish.
inline constexpr absl::Duration kFirstRetry = absl::Milliseconds(200);
inline constexpr absl::Duration kLastRetry = absl::Seconds(5);

// Waits for `floor` (what the server asked for), then for `most`, or less when the channel, which
// was cut, is connected before. False when interrupted; `interrupt` may be nullptr.
bool WaitForNextTry(grpc::Channel& channel, absl::Duration floor, absl::Duration most,
                    Interrupt* interrupt);

}  // namespace tocsin::cli
