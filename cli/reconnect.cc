#include "cli/reconnect.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "core/base/clock.h"

namespace tocsin::cli {
namespace {

// How soon an interrupt is noticed.
constexpr absl::Duration kSlice = absl::Milliseconds(100);

}  // namespace

bool WaitForNextTry(grpc::Channel& channel, absl::Duration floor, absl::Duration most,
                    Interrupt* interrupt) {
  if (interrupt == nullptr) {
    absl::SleepFor(floor);
  } else if (!interrupt->Sleep(floor)) {
    return false;
  }
  const bool was_cut = channel.GetState(true) != GRPC_CHANNEL_READY;
  Clock& clock = Clock::Real();
  const absl::Duration end = clock.Monotonic() + most;
  while (clock.Monotonic() < end) {
    if (interrupt != nullptr && interrupt->Raised()) return false;
    const grpc_connectivity_state state = channel.GetState(true);
    if (was_cut && state == GRPC_CHANNEL_READY) return true;
    channel.WaitForStateChange(
        state, absl::ToChronoTime(absl::Now() + std::min(end - clock.Monotonic(), kSlice)));
  }
  return interrupt == nullptr || !interrupt->Raised();
}

}  // namespace tocsin::cli
