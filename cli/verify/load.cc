#include "cli/verify/load.h"

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/reconnect.h"
#include "cli/verify/told.h"
#include "core/event/uuid.h"
#include "core/history/record.h"
#include "core/rpc/hub_error.h"

namespace tocsin::cli::verify {
namespace {

// The three kinds of publishers, and how many events a call of each has.
constexpr size_t kSingle = 0;
constexpr size_t kBatches = 1;
constexpr size_t kAgain = 2;
constexpr size_t kKinds = 3;
constexpr int kMostInBatch = 10;
constexpr int kInCallMadeAgain = 3;
constexpr absl::Duration kCallTime = absl::Seconds(5);
constexpr absl::Duration kBetweenTries = absl::Milliseconds(100);
// One event in so many is urgent, for the subscriptions with priority.
constexpr int kUrgentOneIn = 5;

}  // namespace

// Makes events and publishes them, over a connection of its own.
class Load::Publisher {
 public:
  Publisher(Load& load, size_t number)
      : load_(load),
        random_(static_cast<uint32_t>(number + 1)),
        channel_(OpenChannel(load.globals_, rpc::Connection::kOwn)),
        hub_(v1::EventHub::NewStub(channel_)) {}

  v1::Event Make(const std::string& incident_id) {
    v1::Event event;
    event.set_id(NewUuid(absl::Now()));
    event.set_type(v1::EVENT_TYPE_INCIDENT_UPDATED);
    event.set_actor("tocsin verify");
    event.set_priority(Below(kUrgentOneIn) == 0 ? v1::PRIORITY_HIGH : v1::PRIORITY_LOW);
    v1::Incident& incident = *event.mutable_incident();
    incident.set_id(incident_id);
    incident.set_severity(Below(2) == 0 ? v1::SEVERITY_P3 : v1::SEVERITY_P4);
    incident.set_state(v1::INCIDENT_STATE_DETECTED);
    incident.set_source(std::string(kMark));
    incident.set_title("tocsin verify: no real incident");
    incident.set_description(absl::StrCat("change ", random_()));
    (*incident.mutable_labels())[std::string(kRunLabel)] = load_.run_id_;
    return event;
  }

  v1::PublishRequest Request(int events) {
    v1::PublishRequest request;
    for (int i = 0; i < events; ++i) {
      *request.add_events() = Make(load_.incidents_[Below(static_cast<int>(kIncidents))]);
    }
    return request;
  }

  // Until it is answered, or the run cannot go on. Then the call is recorded.
  grpc::Status Publish(const v1::PublishRequest& request, v1::PublishResponse& response) {
    history::PublishRecord record;
    for (const v1::Event& event : request.events()) {
      record.ids.push_back(history::ParseUuidKey(event.id()).value_or(history::UuidKey{}));
      record.contents.push_back(ContentOf(event));
    }
    record.invoked_us = load_.recorder_.Now();
    const grpc::Status status = Try(request, response);
    if (status.ok()) {
      record.answered_us = load_.recorder_.Now();
      for (const v1::PublishResult& result : response.results()) {
        record.answers.push_back(
            {ParseCursor(result.cursor()).value_or(Cursor{}), result.duplicate()});
      }
      load_.acknowledged_ += record.ids.size();
    }
    load_.recorder_.Write(record);
    return status;
  }

  int Below(int bound) { return std::uniform_int_distribution(0, bound - 1)(random_); }

 private:
  grpc::Status Try(const v1::PublishRequest& request, v1::PublishResponse& response) {
    const absl::Time give_up = absl::Now() + load_.options_.patience;
    while (true) {
      rpc::HubContext context(load_.globals_.token);
      SetTimeout(context, kCallTime);
      response.Clear();
      const grpc::Status status = hub_->Publish(&context, request, &response);
      const bool again =
          status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED || rpc::MayRetry(status);
      if (status.ok() || !again || absl::Now() > give_up) return status;
      ++load_.tries_;
      const absl::Duration floor = rpc::ReadHubError(status).details.retry_after;
      if (!WaitForNextTry(*channel_, floor, kBetweenTries, &load_.interrupt_)) return status;
    }
  }

  Load& load_;
  std::mt19937 random_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::EventHub::Stub> hub_;
};

Load::Load(const Globals& globals, const VerifyOptions& options, const std::string& run_id,
           Interrupt& interrupt, Recorder& recorder)
    : globals_(globals),
      options_(options),
      run_id_(run_id),
      interrupt_(interrupt),
      recorder_(recorder) {
  for (size_t i = 0; i < kIncidents; ++i) incidents_.push_back(NewUuid(absl::Now()));
}

void Load::Start() {
  for (size_t i = 0; i < kKinds; ++i) {
    threads_.emplace_back([this, i] { Run(i); });
  }
}

void Load::Stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Load::Run(size_t number) {
  Publisher publisher(*this, number);
  const double each = static_cast<double>(options_.rate) / static_cast<double>(kKinds);
  absl::Time due = absl::Now();
  while (!stopping_ && !failed_) {
    const int events = number == kSingle    ? 1
                       : number == kBatches ? 2 + publisher.Below(kMostInBatch - 1)
                                            : kInCallMadeAgain;
    const v1::PublishRequest request = publisher.Request(events);
    v1::PublishResponse response;
    grpc::Status status = publisher.Publish(request, response);
    if (status.ok() && number == kAgain) status = publisher.Publish(request, response);
    if (!status.ok()) return Fail(status);
    // What was late while the hub was away is not made up for.
    due = std::max(due, absl::Now() - absl::Seconds(1)) + absl::Seconds(events / each);
    while (absl::Now() < due && !stopping_) {
      absl::SleepFor(std::min(due - absl::Now(), absl::Milliseconds(20)));
    }
  }
}

void Load::Fail(const grpc::Status& status) {
  if (interrupt_.Raised()) return;
  const MutexLock lock(mutex_);
  if (error_.ok()) error_ = status;
  failed_ = true;
}

grpc::Status Load::error() {
  const MutexLock lock(mutex_);
  return error_;
}

// The last event is of the severity that the filters ask for, and not urgent: every follower is
// given it after all others.
grpc::Status Load::Finish(uint64_t& last) {
  Publisher publisher(*this, kKinds);
  v1::PublishRequest closing;
  for (const std::string& incident : incidents_) {
    v1::Event event = publisher.Make(incident);
    event.set_type(v1::EVENT_TYPE_INCIDENT_CLOSED);
    event.set_priority(v1::PRIORITY_LOW);
    event.mutable_incident()->set_severity(v1::SEVERITY_P3);
    event.mutable_incident()->set_state(v1::INCIDENT_STATE_CLOSED);
    *closing.add_events() = std::move(event);
  }
  v1::PublishResponse response;
  const grpc::Status status = publisher.Publish(closing, response);
  if (status.ok() && !response.results().empty()) last = response.results().rbegin()->sequence();
  return status;
}

}  // namespace tocsin::cli::verify
