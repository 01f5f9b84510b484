// library_logs.h: the log lines of gRPC and protobuf, turned into ours.
//
// Threads: once, before gRPC is used.
#pragma once

namespace tocsin {

// The libraries' own lines are for their authors, and some quote what a client sent. gRPC's errors
// are logged at debug level, everything else is dropped: what matters reaches us as a status.
void QuietLibraries();

}  // namespace tocsin
