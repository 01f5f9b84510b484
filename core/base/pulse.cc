#include "core/base/pulse.h"

#include <pthread.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"

namespace tocsin {

Pulse::Pulse(Clock& clock) : clock_(clock), time_(clock.Monotonic(), 2 * kInterval) {}

void Pulse::Watch(std::string name, Post post) {
  watched_.push_back({.name = std::move(name), .post = std::move(post)});
}

void Pulse::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "pulse");
}

void Pulse::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Pulse::Run() {
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!stopping_) {
        changed_.WaitFor(mutex_, kInterval);
      }
      if (stopping_) {
        return;
      }
    }
    Look();
  }
}

void Pulse::Look() {
  const absl::Duration now = time_.Look(clock_.Monotonic());
  for (Watched& watched : watched_) {
    Look(watched, now);
  }
  std::string late = Describe(now);
  MutexLock lock(mutex_);
  late_ = std::move(late);
}

void Pulse::Look(Watched& watched, absl::Duration now) {
  const bool waits = !watched.task.expired();
  const bool late = waits && now - watched.posted >= kLate;
  if (late != std::exchange(watched.late, late)) {
    late ? LogError("a thread takes no turns", {{"thread", watched.name}})
         : LogInfo("a thread takes turns again", {{"thread", watched.name}});
  }
  if (!waits) {
    auto task = std::make_shared<bool>();
    watched.task = task;
    watched.posted = now;
    watched.post([task = std::move(task)] {});
  }
}

std::string Pulse::Describe(absl::Duration now) const {
  std::string text;
  for (const Watched& watched : watched_) {
    if (watched.late) {
      absl::StrAppend(&text, text.empty() ? "" : ", ", watched.name, " has taken no turn for ",
                      absl::ToInt64Seconds(now - watched.posted), "s");
    }
  }
  return text;
}

std::string Pulse::Late() const {
  MutexLock lock(mutex_);
  return late_;
}

}  // namespace tocsin
