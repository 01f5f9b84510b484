// log_extent.h: what every store says about its range in the same words.
#pragma once

#include "hub/log/log.h"

namespace tocsin::hub {

// The extent of a log that holds [first, last] (empty when first is last + 1).
LogExtent MakeExtent(const Epochs& epochs, Sequence first, Sequence last, uint64_t bytes);

// CURSOR_EXPIRED: `after` lies before the earliest place held.
absl::Status ExpiredError(Sequence after, const LogExtent& extent);

// ABORTED unless the batch was staged at `last`; INTERNAL unless its sequences are contiguous.
absl::Status CheckBatch(const LogBatch& batch, Sequence last);

}  // namespace tocsin::hub
