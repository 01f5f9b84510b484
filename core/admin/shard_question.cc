#include "core/admin/shard_question.h"

#include <memory>

#include "absl/time/clock.h"
#include "core/base/mutex.h"
#include "core/base/planted.h"

namespace tocsin {
namespace {

// Shared with the tasks, which may run or be dropped after the asker has gone. Its mutex is held
// around `ask`: who gives up waiting knows that nobody is inside it.
struct Question {
  Mutex mutex;
  CondVar answered;
  const std::function<void(Shard&)>* ask ABSL_GUARDED_BY(mutex);  // null: too late
  size_t waiting ABSL_GUARDED_BY(mutex);
};

void Answer(Question& question, Shard& shard) {
  MutexLock lock(question.mutex);
  if (question.ask == nullptr) {
    return;
  }
  (*question.ask)(shard);
  if (--question.waiting == 0) {
    question.answered.NotifyAll();
  }
}

}  // namespace

size_t AskShards(const std::vector<Shard*>& shards, absl::Duration timeout,
                 const std::function<void(Shard&)>& ask) {
  const auto question = std::make_shared<Question>();
  {
    MutexLock lock(question->mutex);
    question->ask = &ask;
    question->waiting = shards.size();
  }
  for (Shard* const shard : shards) {
    shard->Post([question, shard] { Answer(*question, *shard); });
  }
  const absl::Time deadline = absl::Now() + timeout;
  MutexLock lock(question->mutex);
  while (question->waiting > 0 && absl::Now() < deadline) {
    question->answered.WaitFor(question->mutex, deadline - absl::Now());
  }
  if (!Planted("acts-late")) question->ask = nullptr;
  return question->waiting;
}

}  // namespace tocsin
