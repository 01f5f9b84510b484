// readable_rows.h: the rows of a damaged table that can still be read.
//
// Shape:   a reading fails at each key whose newest row may lie in a damaged block of any file; so
//          a row that is given is the one in force, never an older one from another file. Past a
//          damaged block the reading goes on at a key found by bisection: where several blocks of
//          a table are damaged, what lies between them may be passed over.
// Threads: pure but for the iterator.
// Errors:  the taker's, and the store's where it is not damage.
#pragma once

#include <rocksdb/iterator.h>

#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tocsin::hub {

using TakeRow = absl::FunctionRef<absl::Status(std::string_view key, std::string_view value)>;

// From the key `from` on. Returns whether every row could be read.
absl::StatusOr<bool> TakeReadableRows(rocksdb::Iterator& rows, std::string from, TakeRow take);

}  // namespace tocsin::hub
