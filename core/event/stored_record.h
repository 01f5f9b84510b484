// stored_record.h: a record from an event's bytes, at the price of a look at them.
//
// Shape:   only what a record needs is read: place, time, and what filters look at. No message is
//          made; what is sent on is the bytes as they are, or a form that is rendered from them.
// Threads: pure.
// Errors:  DATA_LOSS where the bytes are not one encoded event. Texts are not looked into, nor what
//          lies below incident and alert: whoever renders the event finds what is damaged there.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/event/filter.h"
#include "core/event/record.h"

namespace tocsin {

// An event that has been matched already needs no facts.
enum class RecordFacts { kWith, kWithout };

// `bytes` as EncodeEventField made them. As MakeWireRecord of the event they hold.
absl::StatusOr<EventPtr> MakeStoredRecord(std::string bytes,
                                          RecordFacts facts = RecordFacts::kWith);
// The same where the filter's verdict is not kNone; else null, and nothing is copied. The facts are
// left out unless the filter tells leaves: then the verdict has to be asked again, since the event
// may match or be one by which an incident leaves.
absl::StatusOr<EventPtr> MakeStoredRecordIf(const Filter& filter, std::string_view bytes);

// What filters look at in an encoded incident; views into its bytes. False where they are none.
bool ScanIncident(std::string_view bytes, FactTexts& texts);

}  // namespace tocsin
