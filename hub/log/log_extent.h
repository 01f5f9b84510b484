// log_extent.h: the extent, the errors and the checks that all kinds of log share.
#pragma once

#include "hub/log/log.h"

namespace tocsin::hub {

// The extent of a log that holds [first, last] (empty when first is last + 1).
LogExtent MakeExtent(const Epochs& epochs, Sequence first, Sequence last, uint64_t bytes);

// The CURSOR_EXPIRED error for an `after` that lies before the earliest place held.
absl::Status ExpiredError(Sequence after, const LogExtent& extent);

// Returns ABORTED unless the batch was staged at `last`, INTERNAL unless its sequences are
// contiguous.
absl::Status CheckBatch(const LogBatch& batch, Sequence last);

}  // namespace tocsin::hub
