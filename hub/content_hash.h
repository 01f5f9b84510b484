// content_hash.h: a fingerprint of what a publisher sent, to tell a repeated event from another one
// under the same id.
//
// Shape:   XXH64 over the canonical bytes of the event, or alert, as it was given, before the hub
//          fills anything in. It is stored in the dedup window, so it must never change: not with
//          the build, the machine, the run, or protobuf's version. Whoever changes it begins
//          another content rule (log/log_codec.h).
// Threads: pure.
// Source:  ADR 31
#pragma once

#include <cstddef>
#include <cstdint>

#include "tocsin/v1/event.pb.h"

namespace tocsin::hub {

struct Content {
  uint64_t hash = 0;  // 0 where it has no id, and so no one asks
  size_t bytes = 0;   // of protobuf's encoding
};

Content ContentOf(const v1::Event& event);
Content ContentOf(const v1::Alert& alert);

}  // namespace tocsin::hub
