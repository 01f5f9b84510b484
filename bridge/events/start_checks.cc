#include "bridge/events/start_checks.h"

#include <utility>

#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/stream/sink.h"

namespace tocsin::bridge {

class StartChecks::Check final : public Sink {
 public:
  Check(StartChecks& owner, const EventQuery& query, Done done)
      : number(owner.next_number_++),
        owner_(owner),
        deadline_(owner.clock_.Monotonic() + limits::kHandlerTimeout),
        done_(std::move(done)),
        subscriber_(owner.shard_.Add(this, absl::ZeroDuration())) {
    owner_.shard_.Subscribe(subscriber_, {.tag = 1,
                                          .filter = query.filter,
                                          .start = query.start,
                                          .notify_on_gap = query.notify_on_gap});
  }
  ~Check() override { owner_.shard_.Remove(subscriber_); }

  const uint64_t number;

  bool IsOld() const { return owner_.clock_.Monotonic() >= deadline_; }
  void CallDone() { done_(answer_); }

  // The answer is given in a turn of its own: the engine is at work here.
  bool Write(const WriteView& view) override {
    for (const Item& item : view.items) {
      if (item.kind == Item::Kind::kSubscribed) {
        Answer(absl::OkStatus());
      } else if (item.kind == Item::Kind::kEnded) {
        Answer(item.extra->status);
      }
    }
    return !answered_;  // nothing more is written
  }
  void Stuck() override {}
  void Failed() override {
    Answer(MakeError(ErrorCode::kInternal, "the request could not be answered"));
  }

 private:
  void Answer(absl::Status status) {
    if (!std::exchange(answered_, true)) {
      answer_ = std::move(status);
      owner_.post_([&owner = owner_, number = number] { owner.Finish(number); });
    }
  }

  StartChecks& owner_;
  const absl::Duration deadline_;
  Done done_;
  const SubscriberId subscriber_;
  bool answered_ = false;
  absl::Status answer_;
};

StartChecks::StartChecks(Shard& shard, Clock& clock, Post post)
    : shard_(shard), clock_(clock), post_(std::move(post)) {}

StartChecks::~StartChecks() = default;

bool StartChecks::Begin(const EventQuery& query, Done done) {
  DropOld();
  if (checks_.size() >= kMaxChecks) {
    return false;
  }
  checks_.push_back(std::make_unique<Check>(*this, query, std::move(done)));
  return true;
}

void StartChecks::DropOld() {
  std::erase_if(checks_, [](const auto& check) { return check->IsOld(); });
}

// It may have been dropped since it answered.
void StartChecks::Finish(uint64_t number) {
  for (auto& each : checks_) {
    if (each->number == number) {
      const std::unique_ptr<Check> done = std::move(each);
      std::swap(each, checks_.back());
      checks_.pop_back();
      return done->CallDone();
    }
  }
}

}  // namespace tocsin::bridge
