#include "cli/reconnect.h"

#include <algorithm>

#include "absl/time/clock.h"

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
  const absl::Time end = absl::Now() + most;
  while (absl::Now() < end) {
    if (interrupt != nullptr && interrupt->Raised()) return false;
    const grpc_connectivity_state state = channel.GetState(true);
    if (was_cut && state == GRPC_CHANNEL_READY) return true;
    channel.WaitForStateChange(state, absl::ToChronoTime(std::min(end, absl::Now() + kSlice)));
  }
  return interrupt == nullptr || !interrupt->Raised();
}

}  // namespace tocsin::cli
