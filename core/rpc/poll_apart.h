// poll_apart.h: has each thread of the process wait for its own connections only.
//
// Threads: before gRPC is used, while the process has one thread.
// Errors:  none: a gRPC that knows no such way of waiting keeps its own.
// Source:  https://github.com/grpc/grpc/blob/master/doc/environment_variables.md
#pragma once

#include <cstdlib>

namespace tocsin::rpc {

// For a program with few connections and several threads that read from them. gRPC's usual way,
// one epoll for the process, lets whichever thread waits take in the bytes for all of them: live
// events then wait for one that stands back for them (core/base/stand_back.h), and every thread
// wakes for every event. What the user has set stays.
inline void PollApart() { setenv("GRPC_POLL_STRATEGY", "poll", /*overwrite=*/0); }

}  // namespace tocsin::rpc
