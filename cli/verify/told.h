// told.h: what a transport told, as records of a history.
//
// Shape:   the same event has the same content on every transport that gives it whole.
// Threads: pure.
// Errors:  UNAVAILABLE where the message ends the stream; INVALID_ARGUMENT for one that this
//          program does not understand.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/history/record.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::cli::verify {

// Whose messages they are.
struct Chain {
  uint32_t stream = 0;
  uint64_t connection = 0;
};

// Collects the parts of a snapshot.
struct SnapshotParts {
  std::vector<history::UuidKey> incidents;
  std::string cursor;
};

// A message of /ws or a stream over HTTP, which has its kind in `type`. What tells no place is
// passed over.
absl::Status TakeMessage(const boost::json::object& message, const Chain& chain,
                         SnapshotParts& parts, std::vector<history::Record>& told);
absl::Status TakeResponse(const v1::SubscribeResponse& response, const Chain& chain,
                          SnapshotParts& parts, std::vector<history::Record>& told);

// An event as it is published, or read back.
history::Content ContentOf(const v1::Event& event);
// Of an event that is not of the run `run_id`, no more than its place.
history::ReadRecord ReadOf(const v1::Event& event, uint32_t read, std::string_view run_id);

// An object's field that is an object; an empty one where it has none.
const boost::json::object& ObjectIn(const boost::json::object& object, std::string_view name);
// A text field; empty where the object has none.
std::string_view TextIn(const boost::json::object& object, std::string_view name);

}  // namespace tocsin::cli::verify
