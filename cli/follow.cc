#include "cli/follow.h"

#include <cerrno>
#include <iostream>
#include <optional>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/token_patience.h"
#include "core/base/strings.h"
#include "core/event/json_writer.h"
#include "core/rpc/grpc_link.h"
#include "core/rpc/hub_error.h"
#include "core/rpc/hub_loop.h"
#include "core/rpc/hub_stream.h"

namespace tocsin::cli {
namespace {

void Say(std::string_view what) { std::cerr << "tocsin: " << what << std::endl; }

std::string ReasonOf(const v1::Gap& gap) {
  switch (gap.reason()) {
    case v1::GAP_REASON_EXPIRED:
      return "expired";
    case v1::GAP_REASON_EPOCH:
      return "epoch";
    case v1::GAP_REASON_DAMAGED:
      return "damaged";
    default:
      return "unknown";
  }
}

class Follower final : rpc::HubStream::Owner {
 public:
  Follower(const Globals& globals, const FollowOptions& options, Interrupt& interrupt,
           std::ostream& out)
      : globals_(globals),
        options_(options),
        interrupt_(interrupt),
        out_(out),
        link_(loop_, OpenChannel(globals), globals.token),
        stream_(link_, options.request, *this) {}

  int Run() {
    const Interrupt::Guard guard(interrupt_, [this] { loop_.Stop(); });
    loop_.After(globals_.timeout, [this] {
      if (!connected_) loop_.Stop();
    });
    stream_.Next();
    loop_.Run();
    stream_.Close();
    if (write_error_.has_value()) return WriteFailed();
    if (done_) return kOk;
    if (interrupt_.Raised()) return Interrupted();
    return GiveUp();
  }

 private:
  absl::Status OnResponse(const grpc::ByteBuffer& response) override {
    v1::SubscribeResponse parsed;
    if (absl::Status read = rpc::ParseResponse(response, parsed); !read.ok()) return read;
    patience_.Answered();
    Handle(parsed);
    if (done_) {
      loop_.Stop();
    } else {
      stream_.Next();
    }
    return absl::OkStatus();
  }

  bool OnEnd(const grpc::Status& status) override {
    end_ = status;
    if (!patience_.MayTryAgain(status, globals_)) {
      loop_.Stop();
      return false;
    }
    SayLost(status);
    GoOn();
    return true;
  }

  // After the last event seen. A snapshot that is not whole begins again; one that is whole goes on
  // with what changes and what leaves.
  void GoOn() {
    if (in_snapshot_ || cursor_.empty()) return;
    v1::SubscribeRequest request = options_.request;
    request.set_leaves(request.leaves() || request.snapshot());
    request.set_snapshot(false);
    request.set_from(cursor_);
    stream_.Ask(std::move(request));
  }

  void Handle(const v1::SubscribeResponse& response) {
    SayConnected(response.has_gap());
    if (response.passed_over() != 0) {
      WriteLine(options_.json ? PassedOverJson(response.passed_over())
                              : PassedOverText(response.passed_over()));
    }
    for (const v1::Event& event : response.events()) {
      Print(event);
      if (done_) break;
    }
    if (!done_) HandleSet(response);
    if (!done_) HandleRest(response);
    Flush();
    // Asked at every response, also at a bookmark: noticed without an event to write.
    if (ReaderHasGone()) done_ = true;
  }

  void HandleSet(const v1::SubscribeResponse& response) {
    for (const v1::Incident& incident : response.snapshot().incidents()) {
      WriteLine(options_.json ? SnapshotJson(incident) : SnapshotText(incident, options_.style));
    }
    if (response.snapshot().kind() == v1::SnapshotMark::KIND_LAST) in_snapshot_ = false;
    for (const v1::Left& left : response.leaves()) {
      WriteLine(options_.json ? LeftJson(left) : LeftText(left, options_.style));
    }
  }

  void HandleRest(const v1::SubscribeResponse& response) {
    if (response.has_gap()) PrintGap(response.gap());
    if (!response.cursor().empty()) cursor_ = response.cursor();
    if (response.caught_up() && options_.until_caught_up) done_ = true;
  }

  void Print(const v1::Event& event) {
    line_.clear();
    if (options_.json) {
      AppendJsonEvent(line_, event);
    } else {
      line_ = EventText(event, options_.style);
    }
    line_ += '\n';
    Write(line_);
    cursor_ = event.cursor();
    ++printed_;
    if (options_.count != 0 && printed_ == options_.count) done_ = true;
  }

  void WriteLine(std::string_view text) {
    Write(text);
    Write("\n");
  }

  void Write(std::string_view text) {
    errno = 0;
    out_ << text;
    NoteWriteError();
  }

  void Flush() {
    errno = 0;
    out_.flush();
    NoteWriteError();
    if (out_) flushed_ = cursor_;
  }

  // A reader that has gone is no failure. Everything else is, such as a full disk.
  void NoteWriteError() {
    if (out_ || done_by_output_) return;
    const int error = errno != 0 ? errno : EIO;
    done_ = done_by_output_ = true;
    if (error != EPIPE && !ReaderHasGone()) write_error_ = error;
  }

  void PrintGap(const v1::Gap& gap) {
    if (options_.json) Write(GapJson(gap) + '\n');
    Flush();
    Say(GapText(gap));
    cursor_ = gap.to();
  }

  void SayConnected(bool gap) {
    const bool whole = !gap && !cursor_.empty();
    if (lost_) Say(absl::StrCat("connected again", whole ? "; nothing was missed" : ""));
    lost_ = false;
    connected_ = true;
  }

  void SayLost(const grpc::Status& status) {
    if (lost_) return;
    lost_ = true;
    Say(absl::StrCat(connected_ ? "lost" : "cannot reach", " the hub at ", globals_.hub, ": ",
                     WhyLost(status), ". Trying again",
                     cursor_.empty() || in_snapshot_ ? "" : absl::StrCat(" from ", cursor_)));
  }

  int GiveUp() const {
    const Failure failure = FailureOf(end_, globals_.hub);
    return Fail(failure.exit_code, failure.text);
  }

  int WriteFailed() const {
    return Fail(kFailed,
                absl::StrCat("cannot write the events: ",
                             std::generic_category().message(*write_error_), ". ",
                             flushed_.empty() ? "None is known to be written"
                                              : absl::StrCat("Written up to ", flushed_,
                                                             "; to go on from there: tocsin sub "
                                                             "--from ",
                                                             flushed_)));
  }

  int Interrupted() const {
    if (!cursor_.empty()) Say(absl::StrCat("to go on from here: tocsin sub --from ", cursor_));
    return kInterrupted;
  }

  const Globals globals_;
  const FollowOptions options_;
  Interrupt& interrupt_;
  std::ostream& out_;
  rpc::HubLoop loop_;
  rpc::GrpcLink link_;
  rpc::HubStream stream_;
  // How the last call ended. Until one has: no answer within the timeout.
  grpc::Status end_{grpc::StatusCode::DEADLINE_EXCEEDED, "no answer"};
  std::string cursor_;   // resuming from here repeats and misses nothing
  std::string flushed_;  // the cursor up to which all has been written out
  std::string line_;
  size_t printed_ = 0;
  bool connected_ = false;  // at least once
  TokenPatience patience_;
  bool lost_ = false;                               // and told so
  bool in_snapshot_ = options_.request.snapshot();  // it is not whole yet
  bool done_ = false;
  bool done_by_output_ = false;     // nothing more can be written
  std::optional<int> write_error_;  // errno
};

}  // namespace

int Follow(const Globals& globals, const FollowOptions& options, Interrupt& interrupt,
           std::ostream& out) {
  return Follower(globals, options, interrupt, out).Run();
}

std::string GapJson(const v1::Gap& gap) {
  std::string json = absl::StrCat("{\"gap\":{\"reason\":\"", ReasonOf(gap), "\",\"from\":");
  AppendJsonString(json, gap.from());
  json += ",\"to\":";
  AppendJsonString(json, gap.to());
  return json + "}}";
}

std::string SnapshotJson(const v1::Incident& incident) {
  std::string json = "{\"snapshot\":";
  AppendJsonIncident(json, incident);
  return json + "}";
}

std::string LeftJson(const v1::Left& left) {
  std::string json = "{\"left\":{\"incident_id\":";
  AppendJsonString(json, left.incident_id());
  json += ",\"incident\":";
  AppendJsonIncident(json, left.incident());
  absl::StrAppend(&json, ",\"sequence\":", left.sequence(), ",\"cursor\":");
  AppendJsonString(json, left.cursor());
  return json + "}}";
}

std::string PassedOverJson(uint64_t events) {
  return absl::StrCat("{\"passed_over\":", events, "}");
}

std::string PassedOverText(uint64_t events) {
  return absl::StrCat("(", events, events == 1 ? " event" : " events",
                      " passed over: newer ones of the same incidents follow)");
}

std::string GapText(const v1::Gap& gap) {
  const std::string reason = ReasonOf(gap);
  const char* why = reason == "expired" ? "retention has dropped it"
                    : reason == "epoch" ? "it belongs to another log"
                                        : "the log is damaged there";
  return absl::StrCat("GAP: events after ", gap.from(), " up to ", gap.to(), " cannot be given (",
                      reason, ": ", why, ")");
}

}  // namespace tocsin::cli
