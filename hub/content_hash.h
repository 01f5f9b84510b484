// content_hash.h: a fingerprint of what a publisher sent, to tell a repeated event from another one
// under the same id.
//
// Shape:   64 bits over the deterministic bytes of the event, or alert, as it was given, before the
//          hub fills anything in. It is stored in the dedup window, so it must never change: not
//          with the build, the machine or the run.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "tocsin/v1/event.pb.h"

namespace tocsin::hub {

struct Content {
  uint64_t hash = 0;  // 0 where it has no id, and so no one asks
  size_t bytes = 0;
};

Content ContentOf(const v1::Event& event);
Content ContentOf(const v1::Alert& alert);
uint64_t StableHash(std::string_view bytes);

}  // namespace tocsin::hub
