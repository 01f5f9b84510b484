// stored_record.h: a record from an event's stored bytes, at the price of a look at them.
//
// Shape:   only what a record needs is read: place, time, and what filters look at. The event
//          itself is not made; a replay sends its bytes as they are.
// Threads: pure.
// Errors:  DATA_LOSS where the bytes are not one encoded event. Texts are not looked into: that the
//          bytes are those that were written is the store's to say, which has a checksum for it.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/event/filter.h"
#include "core/event/record.h"

namespace tocsin {

// `bytes` as EncodeEventField made them. As MakeWireRecord of the event they hold.
absl::StatusOr<EventPtr> MakeStoredRecord(std::string bytes);
// The same without the facts, which a filter has been asked about already; null when it does not
// match. What does not match is not copied.
absl::StatusOr<EventPtr> MakeStoredRecordIf(const Filter& filter, std::string_view bytes);

}  // namespace tocsin
