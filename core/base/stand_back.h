// stand_back.h: lets a thread stand back for the others, for bulk work that nobody waits for by the
// millisecond.
//
// Threads: for the calling thread, for the rest of its life.
// Errors:  none: where the system refuses, the thread has the share of any other.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

namespace tocsin {

// The thread gets the processor when no other wants it, and about a tenth of it when another does.
inline void StandBack() {
  constexpr int kNice = 10;
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
}

}  // namespace tocsin
