#include "cli/verify/run.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/bench/bridge_url.h"
#include "cli/client.h"
#include "cli/event_text.h"
#include "cli/exit_codes.h"
#include "cli/hub_call.h"
#include "cli/interrupt.h"
#include "cli/verify/follower.h"
#include "cli/verify/load.h"
#include "cli/verify/read_back.h"
#include "cli/verify/recorder.h"
#include "core/event/json_writer.h"
#include "core/event/uuid.h"
#include "core/history/judge.h"

namespace tocsin::cli::verify {
namespace {

constexpr absl::Duration kSlice = absl::Milliseconds(50);
// Snapshots are asked for once there is something in them: after so much of the run, or this long.
constexpr double kSnapshotsAfter = 0.3;
constexpr absl::Duration kSnapshotsAtLatest = absl::Seconds(3);

// What a bridge answers with 200 and nothing else does; the hub has a /health/ready too.
constexpr char kProbe[] = "/v1/incidents?page_size=1";

void Say(const std::string& what) { std::cerr << "tocsin: " << what << std::endl; }

class VerifyRun {
 public:
  VerifyRun(const Globals& globals, const VerifyOptions& options, const bench::BridgeUrl& bridge)
      : globals_(globals),
        options_(options),
        bridge_(bridge),
        run_id_(NewUuid(absl::Now())),
        load_(globals, options, run_id_, interrupt_, recorder_) {
    state_.patience = options.patience;
  }

  int Run() {
    if (const int failed = AskBoth(); failed != kOk) return failed;
    SayWhatItDoes();
    if (const absl::Status opened = recorder_.Open(options_.history); !opened.ok()) {
      return Fail(kFailed, std::string(opened.message()));
    }
    PlanFollowers();
    Follow();
    const int failed = PublishAndSettle();
    JoinFollowers();
    if (failed != kOk) return NotJudged(failed);
    if (const int lost = TellLostFollowers(); lost != kOk) return NotJudged(lost);
    return ReadBackAndJudge();
  }

 private:
  void SayWhatItDoes() {
    std::string over;
    for (const std::string& one : options_.transports) {
      absl::StrAppend(&over, over.empty() ? "" : ", ", one);
    }
    Say(absl::StrCat("publishes about ", options_.rate, " events a second to ", globals_.hub,
                     " for ", absl::FormatDuration(options_.time), ", and follows them over ", over,
                     options_.uses_bridge() ? absl::StrCat(" (", options_.bridge, ")") : "",
                     ", cutting its own connections"));
    Say(absl::StrCat("the events stay in the log: ", Load::kIncidents,
                     " incidents of severity P3 and P4, closed in the end, source ",
                     std::string(kMark), ", label ", std::string(kRunLabel), "=", run_id_));
  }

  int AskBoth() {
    v1::GetStatusResponse status;
    const grpc::Status call =
        CallHub(globals_, &v1::EventHub::Stub::GetStatus, v1::GetStatusRequest(), status);
    if (!call.ok()) return Tell(call, globals_);
    if (!status.accepts_publish()) {
      return Fail(kUnreachable, absl::StrCat("the hub at ", globals_.hub,
                                             " takes no events: ", Clean(status.publish_error())));
    }
    start_ = status.latest();
    return options_.uses_bridge() ? AskBridge() : kOk;
  }

  int AskBridge() {
    const std::string where = absl::StrCat("the bridge at ", HostField(bridge_));
    const auto code = HttpStatusOf(globals_, bridge_, kProbe, absl::Now() + globals_.timeout);
    if (!code.ok()) {
      return Fail(kUnreachable,
                  absl::StrCat(where, " cannot be reached: ", code.status().message(),
                               ". Is tocsin-bridge running? --bridge changes the address"));
    }
    if (*code == 200) return kOk;
    if (*code == 503) {
      return Fail(kUnreachable, absl::StrCat(where,
                                             " is not ready: GET /v1/incidents answers 503. Can "
                                             "it reach the hub?"));
    }
    return Fail(kUnreachable, absl::StrCat("what answers at ", HostField(bridge_),
                                           " is no bridge, or does not "
                                           "let this client in: GET /v1/incidents answers ",
                                           *code, ". --bridge changes the address"));
  }

  // --- Followers ---

  void PlanFollowers() {
    for (const std::string& transport : options_.transports) {
      Plan(transport, "everything", Everything());
      if (transport == "graphql") continue;  // GraphQL's resume tells no leaves
      Plan(transport, "a set and what leaves it", Set());
      Ask snapshot = Set();
      snapshot.from.clear();
      snapshot.snapshot = true;
      Plan(transport, "a snapshot and what changes", snapshot);
      Ask priority = Everything();
      priority.priority = true;
      Plan(transport, "the urgent first", priority);
      Ask newest = Everything();
      newest.latest_only = true;
      Plan(transport, "the newest of each incident", newest);
    }
  }

  Ask Everything() const {
    Ask ask;
    (*ask.filter.mutable_labels())[std::string(kRunLabel)] = run_id_;
    ask.from = start_;
    return ask;
  }

  Ask Set() const {
    Ask ask = Everything();
    ask.filter.add_severities(v1::SEVERITY_P3);
    ask.leaves = true;
    return ask;
  }

  void Plan(const std::string& transport, const std::string& what, Ask ask) {
    ask.chain.stream = static_cast<uint32_t>(followers_.size()) + 1;
    FollowerPlan plan{.name = absl::StrCat(transport, ": ", what),
                      .ask = std::move(ask),
                      .wait = absl::ZeroDuration(),
                      .connect = [this, transport] { return Connect(transport); }};
    if (plan.ask.snapshot)
      plan.wait = std::min(options_.time * kSnapshotsAfter, kSnapshotsAtLatest);
    followers_.push_back(std::make_unique<Follower>(std::move(plan), state_, recorder_));
  }

  std::unique_ptr<Feed> Connect(const std::string& transport) const {
    if (transport == "grpc") return MakeGrpcFeed(globals_);
    if (transport == "ws") return MakeWsFeed(globals_, bridge_);
    if (transport == "graphql") return MakeGraphqlFeed(globals_, bridge_);
    return MakeHttpFeed(globals_, bridge_,
                        transport == "sse" ? HttpForm::kServerSentEvents : HttpForm::kLines);
  }

  void Follow() {
    outcomes_.resize(followers_.size());
    for (size_t i = 0; i < followers_.size(); ++i) {
      threads_.emplace_back([this, i] {
        outcomes_[i] = followers_[i]->Run();
        if (!outcomes_[i].ok()) lost_ = true;
        if (absl::IsNotFound(outcomes_[i])) state_.ended = true;  // none will come to the end
      });
    }
  }

  void JoinFollowers() {
    for (std::thread& thread : threads_) thread.join();
  }

  // --- The run ---

  int PublishAndSettle() {
    load_.Start();
    const absl::Time end = absl::Now() + options_.time;
    while (absl::Now() < end && !load_.failed() && !lost_ && interrupt_.Sleep(kSlice)) {
    }
    if (interrupt_.Raised()) Say("interrupted; judging what there is (once more ends at once)");
    load_.Stop();
    grpc::Status status = load_.error();
    if (status.ok()) status = load_.Finish(last_);
    state_.settling = true;
    if (!status.ok()) {
      state_.ended = true;
      return Tell(status, globals_);
    }
    state_.end = last_;
    return kOk;
  }

  int TellLostFollowers() {
    for (size_t i = 0; i < followers_.size(); ++i) {
      const absl::Status& outcome = outcomes_[i];
      if (outcome.ok()) continue;
      const bool refused = absl::IsInvalidArgument(outcome);
      if (absl::IsNotFound(outcome)) {
        return Fail(kUsage, absl::StrCat("the bridge at ", HostField(bridge_),
                                         " does not know where the hub at ", globals_.hub,
                                         " stood as the run began: it stands before another hub. "
                                         "--hub and --bridge are to be of one deployment"));
      }
      return Fail(
          refused ? kRefused : kUnreachable,
          absl::StrCat("the follower '", followers_[i]->name(), "' ",
                       refused ? "was refused: " : "did not come to the end: ", outcome.message()));
    }
    return kOk;
  }

  int NotJudged(int exit_code) {
    if (recorder_.Close().ok()) {
      Say(absl::StrCat("nothing was judged; what was seen is in ", recorder_.path()));
    }
    return exit_code;
  }

  int ReadBackAndJudge() {
    const grpc::Status read =
        ReadLogBack(globals_, {start_, last_, run_id_, options_.patience}, interrupt_, recorder_);
    if (!read.ok()) return NotJudged(Tell(read, globals_));
    if (const absl::Status closed = recorder_.Close(); !closed.ok()) {
      return Fail(kFailed, std::string(closed.message()));
    }
    std::ifstream in(recorder_.path());
    const auto verdict = history::Judge(in, recorder_.path());
    if (!verdict.ok()) return Fail(kFailed, std::string(verdict.status().message()));
    const bool keep = !options_.history.empty() || !verdict->held();
    Print(*verdict, keep);
    if (!keep) {
      std::error_code ignored;
      std::filesystem::remove(recorder_.path(), ignored);
    }
    if (!verdict->held()) return kLost;
    return interrupt_.Raised() ? kInterrupted : kOk;
  }

  void Print(const history::Verdict& verdict, bool keep) {
    uint64_t connections = 0;
    for (const auto& follower : followers_) connections += follower->connections();
    if (options_.json) {
      std::string out = absl::StrCat("{\"run_id\":\"", run_id_, "\",\"hub\":");
      AppendJsonString(out, globals_.hub);
      absl::StrAppend(&out, ",\"acknowledged\":", load_.acknowledged(),
                      ",\"calls_tried_again\":", load_.tries(), ",\"connections\":", connections,
                      ",\"history\":");
      AppendJsonString(out, keep ? recorder_.path() : "");
      std::cout << out << ",\"verdict\":" << VerdictJson(verdict) << "}\n";
      return;
    }
    std::cout << load_.acknowledged() << " events acknowledged, " << load_.tries()
              << " calls tried again, " << followers_.size() << " followers over " << connections
              << " connections, " << verdict.gaps << " gaps told\n\n"
              << VerdictText(verdict);
    if (!verdict.held()) {
      std::cout
          << "\nWhat an event was, and what became of it: grep its id in the history. Keep it, "
             "and the logs of hub and bridge, for whoever looks into it.\n";
    }
    if (keep) {
      std::cout << "\nThe history is in " << recorder_.path()
                << "; to judge it again: tocsin verify --judge " << recorder_.path() << '\n';
    }
  }

  const Globals globals_;
  const VerifyOptions options_;
  const bench::BridgeUrl bridge_;
  const std::string run_id_;
  Interrupt interrupt_;
  Recorder recorder_;
  RunState state_;
  Load load_;
  std::string start_;
  uint64_t last_ = 0;
  std::vector<std::unique_ptr<Follower>> followers_;
  std::vector<absl::Status> outcomes_;  // each its follower's thread's, until that is joined
  std::atomic<bool> lost_{false};
  std::vector<std::thread> threads_;
};

}  // namespace

int RunVerify(const Globals& globals, const VerifyOptions& options,
              const bench::BridgeUrl& bridge) {
  return VerifyRun(globals, options, bridge).Run();
}

int RunJudge(const VerifyOptions& options) {
  errno = 0;
  std::ifstream in(options.judge);
  if (!in) {
    return Fail(kUsage, absl::StrCat("cannot read ", options.judge, ": ", std::strerror(errno)));
  }
  const auto verdict = history::Judge(in, options.judge);
  if (!verdict.ok()) return Fail(kRefused, std::string(verdict.status().message()));
  std::cout << (options.json ? VerdictJson(*verdict) + "\n" : VerdictText(*verdict));
  return verdict->held() ? kOk : kLost;
}

}  // namespace tocsin::cli::verify
