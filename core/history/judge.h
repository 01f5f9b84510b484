// judge.h: judges a history by every guarantee of docs/guarantees.md.
//
// Shape:   goes over the file twice: first for the last full read of the log and what each stream
//          asked for, then for all the rest, a record at a time.
// Threads: the caller's.
// Owns:    some 120 bytes an event of the last read, each different `facts` once, and for each
//          stream a bit an event. Deliveries and calls are not kept, however many there are.
// Errors:  INVALID_ARGUMENT "NAME:LINE: what" for a line that is no record, or that names a stream
//          which has none; FAILED_PRECONDITION for a history without a read of the log. What breaks
//          a guarantee is no error: it is in the verdict.
#pragma once

#include <istream>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/history/verdict.h"

namespace tocsin::history {

// `in` can be read from its beginning twice; `name` is the file's, for errors.
absl::StatusOr<Verdict> Judge(std::istream& in, std::string_view name);

}  // namespace tocsin::history
