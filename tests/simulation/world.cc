#include "tests/simulation/world.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_format.h"

namespace tocsin::simulation {

World::Key World::After(absl::Duration wait, Task task) {
  const Key key{now() + std::max(wait, absl::ZeroDuration()), ++made_};
  agenda_.emplace(key, std::move(task));
  return key;
}

void World::RunUntil(absl::Duration time) {
  while (!agenda_.empty() && agenda_.begin()->first.first <= time) {
    auto due = agenda_.extract(agenda_.begin());
    // The clock counts microseconds: what is due within one is run at its end.
    const absl::Duration wait = due.key().first - now();
    if (wait > absl::ZeroDuration()) {
      clock_.Advance(absl::Ceil(wait, absl::Microseconds(1)));
    }
    ++steps_;
    due.mapped()();
  }
  clock_.Advance(std::max(time - now(), absl::ZeroDuration()));
}

absl::Duration World::Between(absl::Duration least, absl::Duration most) {
  const int64_t span = absl::ToInt64Microseconds(most - least);
  return least + absl::Microseconds(static_cast<int64_t>(Below(static_cast<uint64_t>(span) + 1)));
}

void World::Note(const std::string& text) {
  if (trace_) {
    std::fputs(absl::StrFormat("%9.6f %s\n", absl::ToDoubleSeconds(now()), text).c_str(), stderr);
  }
}

// One that is early costs a turn; the earliest time asked for is kept.
void Turns::RunAt(absl::Duration time) {
  if (time >= key_.first) {
    return;
  }
  if (key_.first != absl::InfiniteDuration()) {
    world_.Cancel(key_);
  }
  key_ = world_.After(time - world_.now(), life_.Guard([this] {
    key_.first = absl::InfiniteDuration();
    const absl::Duration next = turn_();
    if (next != absl::InfiniteDuration()) {
      RunAt(std::max(next, world_.now()));
    }
  }));
}

}  // namespace tocsin::simulation
