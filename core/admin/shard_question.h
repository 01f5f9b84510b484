// shard_question.h: asks the threads that serve sessions, and waits for their answers.
//
// Shape:   the question is posted to each shard, and asked of all at the same time. A thread that
//          does not come to it in time is counted as silent, and does not act on it later.
// Threads: AskShards on any thread but the shards'; `ask` on each shard's.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "absl/time/time.h"
#include "core/stream/shard.h"

namespace tocsin {

// Longer than a turn takes on a busy machine, and short enough for whoever waits.
inline constexpr absl::Duration kShardAnswersWithin = absl::Seconds(2);

// Calls `ask` once a shard, one at a time. Returns how many shards did not answer within `timeout`:
// `ask` is not called for those, nor after this has returned.
size_t AskShards(const std::vector<Shard*>& shards, absl::Duration timeout,
                 const std::function<void(Shard&)>& ask);

}  // namespace tocsin
