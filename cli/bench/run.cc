#include "cli/bench/run.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/bench/chart.h"
#include "cli/bench/deliveries.h"
#include "cli/bench/figure_text.h"
#include "cli/bench/in_flight.h"
#include "cli/bench/load.h"
#include "cli/bench/progress.h"
#include "cli/bench/publish_tally.h"
#include "cli/bench/report.h"
#include "cli/bench/sender.h"
#include "cli/bench/subscribers.h"
#include "cli/bench/target.h"
#include "cli/bench/verdict.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/interrupt.h"
#include "core/base/option_values.h"
#include "core/event/uuid.h"

namespace tocsin::cli::bench {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
constexpr absl::Duration kSlice = absl::Milliseconds(50);  // how soon an end is noticed
// When nothing has been delivered for this long, the events that are missing count as lost.
constexpr absl::Duration kQuiet = absl::Seconds(2);
// How long after a lost publisher the subscribers' streams are given to end as well.
constexpr absl::Duration kAfterLoss = absl::Seconds(1);
// How long after Ctrl-C the events under way may still arrive.
constexpr absl::Duration kInterruptedPatience = absl::Seconds(1);
constexpr size_t kOtherFiles = 64;

absl::Duration ProcessorTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

EventShape ShapeOf(const BenchOptions& options, const std::string& run_id) {
  return {.kind = options.type == "system-event" ? EventKind::kSystem : EventKind::kAlert,
          .run_id = run_id,
          .source = options.source,
          .resource = options.resource,
          .payload_bytes = options.payload_bytes};
}

// As it travels: with a stamp.
uint64_t EncodedBytes(v1::Event event, absl::Duration now) {
  SetStamp(event, {1000, now});
  return event.ByteSizeLong();
}

Progress::Mode ModeOf(const BenchOptions& options) {
  if (isatty(STDERR_FILENO) != 0) return Progress::Mode::kTerminal;
  return options.progress ? Progress::Mode::kLines : Progress::Mode::kOff;
}

class BenchRun {
 public:
  BenchRun(const Globals& globals, const BenchOptions& options)
      : globals_(globals),
        options_(options),
        run_id_(NewUuid(absl::Now())),
        event_(MakeBenchEvent(ShapeOf(options, run_id_))),
        in_flight_(options.in_flight, Fans() ? options.subscribers : 1, clock_),
        tally_(EncodedBytes(event_, clock_.Monotonic())),
        deliveries_(Fans() ? options.subscribers : 0, options.listen, in_flight_, clock_),
        load_({.rate = options.rate_per_s,
               .batch = options.batch,
               .events = options.events,
               .duration = options.duration},
              in_flight_, tally_, clock_),
        progress_(std::cerr, ModeOf(options)),
        hub_(v1::EventHub::NewStub(OpenChannel(globals, rpc::Connection::kOwn))) {}

  int Run() {
    const Interrupt::Guard guard(interrupt_, [this] { in_flight_.Stop(); });
    report_.started = absl::Now();
    if (!AskHub() || (Fans() && !OpenSubscribers())) return Failed();
    began_ = shown_ = clock_.Monotonic();
    const absl::Duration processor = ProcessorTime();
    options_.listen ? Listen() : Publish();
    report_.client_cores = absl::FDivDuration(
        ProcessorTime() - processor, std::max(clock_.Monotonic() - began_, absl::Milliseconds(1)));
    progress_.Clear();
    CloseSubscribers();
    Conclude();
    return Tell();
  }

 private:
  bool Fans() const { return options_.kind != Kind::kPub; }

  bool AskHub() {
    rpc::HubContext context(globals_.token);
    SetTimeout(context, globals_.timeout);
    v1::GetStatusResponse response;
    const grpc::Status status = hub_->GetStatus(&context, {}, &response);
    if (!status.ok()) return Fails(FailureOf(status, globals_.hub));
    report_.hub_facts = {response.version(), response.store(), response.durability()};
    return true;
  }

  bool OpenSubscribers() {
    const SubscribersOptions options = {.count = options_.subscribers,
                                        .channels = ChannelsOf(options_),
                                        .filter = *FilterOf(),
                                        .listening = options_.listen,
                                        .run_id = run_id_};
    const size_t connections = options_.kind == Kind::kWs ? options.count : options.channels;
    absl::Status status = AllowFiles(connections + kOtherFiles);
    if (!status.ok()) return Fails({kFailed, std::string(status.message())});
    subscribers_ =
        options_.kind == Kind::kWs
            ? MakeWsSubscribers(globals_, *ParseBridgeUrl(options_.bridge), options, deliveries_)
            : MakeGrpcSubscribers(globals_, options, deliveries_);
    status = subscribers_->Open();
    if (!status.ok()) return Fails({kUnreachable, std::string(status.message())});
    return WaitOpened();
  }

  absl::StatusOr<v1::Filter> FilterOf() const {
    return options_.listen ? MakeFilter(options_.filter) : FilterOfRun(run_id_);
  }

  bool WaitOpened() {
    const absl::Duration end = clock_.Monotonic() + globals_.timeout;
    while (!deliveries_.WaitOpened(kSlice)) {
      const std::string how_far = absl::StrCat(CountText(deliveries_.ready()), " of ",
                                               CountText(options_.subscribers), " subscribers");
      if (Ticks()) progress_.Show(absl::StrCat(how_far, " are ready"));
      if (interrupt_.Raised()) return Fails({kInterrupted, "interrupted"});
      if (clock_.Monotonic() > end) {
        return Fails({kUnreachable, absl::StrCat("only ", how_far, " were ready within ",
                                                 FormatDurationText(globals_.timeout),
                                                 ". --timeout gives them longer")});
      }
    }
    if (deliveries_.alive() == options_.subscribers) return true;
    const SubscriberEnd end_of_first = deliveries_.first_end();
    return Fails({end_of_first.exit_code,
                  absl::StrCat("subscribing failed with ", CountText(deliveries_.ready()), " of ",
                               CountText(options_.subscribers), " ready: ", end_of_first.text)});
  }

  void Publish() {
    load_.Start(MakeSender());
    while (!load_.Wait(kSlice) && !IsOver()) ShowProgress();
    const grpc::Status status = load_.Join();
    if (!status.ok()) {
      tally_.Broken(ErrorName(status));
      Fails(FailureOf(status, globals_.hub));
      if (options_.kind == Kind::kSub) deliveries_.WaitAllEnded(kAfterLoss);
    }
    const absl::Duration patience = interrupt_.Raised() ? kInterruptedPatience : globals_.timeout;
    if (Fans()) deliveries_.WaitForAll(Published(), kQuiet, patience);
  }

  std::unique_ptr<Sender> MakeSender() {
    const bool releases = !Fans();
    const auto on_answer = [this, releases](const Batch& batch, const std::string& error) {
      const absl::Duration now = clock_.Monotonic();
      if (error.empty()) {
        tally_.Acknowledged(batch, now);
        if (releases) in_flight_.Release(batch.events);
      } else {
        tally_.Refused(batch, error, now);
        in_flight_.GiveUp(batch.events);
      }
    };
    const auto on_end = [this] { in_flight_.Stop(); };
    return options_.unary
               ? MakeUnarySender(*hub_, globals_.token, RequestMaker(event_), globals_.timeout,
                                 on_answer, on_end)
               : MakeStreamSender(*hub_, globals_.token, RequestMaker(event_), on_answer, on_end);
  }

  // True when there is no point in waiting for what is under way.
  bool IsOver() {
    const absl::Duration now = clock_.Monotonic();
    if (Fans() && deliveries_.alive() == 0) in_flight_.Stop();
    if (interrupt_.Raised()) give_up_ = std::min(give_up_, now + kInterruptedPatience);
    if (!load_.sending() || now > began_ + options_.duration) {
      give_up_ = std::min(give_up_, now + globals_.timeout);
    }
    return now > give_up_;
  }

  void Listen() {
    const absl::Duration end = began_ + options_.duration;
    while (clock_.Monotonic() < end && deliveries_.alive() > 0) {
      if (!in_flight_.SleepUntil(std::min(end, clock_.Monotonic() + kSlice))) break;
      ShowProgress();
    }
    listened_ = clock_.Monotonic() - began_;
  }

  // True once a second.
  bool Ticks() {
    const absl::Duration now = clock_.Monotonic();
    if (now - shown_ < kTick) return false;
    shown_ = now;
    return true;
  }

  void ShowProgress() {
    const absl::Duration now = clock_.Monotonic();
    const absl::Duration since = now - shown_;
    if (!Ticks()) return;
    ProgressFigures figures{.elapsed = now - began_, .of_deliveries = Fans()};
    PublishInterval published = tally_.TakeInterval();
    DeliveryInterval delivered = deliveries_.TakeInterval();
    figures.per_second = PerSecond(Fans() ? delivered.deliveries : published.acknowledged, since);
    figures.latency = std::move(Fans() ? delivered.latency : published.latency);
    figures.in_flight = in_flight_.events();
    figures.refused = tally_.Refusals();
    figures.disconnected = Fans() ? options_.subscribers - deliveries_.alive() : 0;
    progress_.Show(ProgressText(figures));
  }

  void CloseSubscribers() {
    if (subscribers_ == nullptr) return;
    deliveries_.Closing();
    subscribers_->Close();
  }

  // In the order of the answers, which is that of the numbers.
  Deliveries::Published Published() {
    const PublishFigures figures = tally_.Figures();
    return {.answered = figures.acknowledged + figures.refused, .refused = figures.refused};
  }

  void Conclude() {
    report_.options = options_;
    report_.hub = globals_.hub;
    report_.run_id = run_id_;
    report_.interrupted = interrupt_.Raised();
    if (!options_.listen) report_.published = tally_.Figures();
    if (Fans()) report_.delivered = deliveries_.Figures(Published());
    report_.elapsed = listened_;
    if (report_.published.has_value()) report_.elapsed = report_.published->elapsed();
    if (report_.published.has_value() && Fans()) {
      report_.elapsed =
          std::max(report_.elapsed, report_.delivered->last - report_.published->first_sent);
    }
    Judge(report_, deliveries_.first_end());
  }

  // False, for the caller's ease. The first failure stays.
  bool Fails(const Failure& failure) {
    if (report_.exit_code != kOk) return false;
    report_.exit_code = failure.exit_code;
    report_.error = failure.text;
    return false;
  }

  // Before there was anything to report.
  int Failed() {
    progress_.Clear();
    CloseSubscribers();
    return Fail(report_.exit_code, report_.error);
  }

  int Tell() {
    if (options_.json) {
      std::cout << ToJson(report_) << std::endl;
    } else {
      std::cout << ToText(report_, StyleOfTerminal()) << std::flush;
    }
    return report_.exit_code == kOk ? int{kOk} : Fail(report_.exit_code, report_.error);
  }

  Interrupt interrupt_;  // before any other thread
  const Globals globals_;
  const BenchOptions options_;
  const std::string run_id_;
  const v1::Event event_;
  Clock& clock_ = Clock::Real();
  InFlight in_flight_;
  PublishTally tally_;
  Deliveries deliveries_;
  Load load_;
  Progress progress_;
  const std::unique_ptr<v1::EventHub::Stub> hub_;
  std::unique_ptr<Subscribers> subscribers_;
  Report report_;
  absl::Duration began_;
  absl::Duration shown_ = clock_.Monotonic();
  absl::Duration listened_;
  absl::Duration give_up_ = absl::InfiniteDuration();
};

}  // namespace

int RunBench(const Globals& globals, const BenchOptions& options) {
  return BenchRun(globals, options).Run();
}

}  // namespace tocsin::cli::bench
