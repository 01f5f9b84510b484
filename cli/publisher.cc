#include "cli/publisher.h"

#include <utility>

#include "cli/reconnect.h"
#include "core/rpc/hub_error.h"

namespace tocsin::cli {
namespace {

absl::Duration DurationOf(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

}  // namespace

Publisher::Publisher(const Globals& globals, Interrupt& interrupt, OnAnswer on_answer)
    : globals_(globals),
      interrupt_(interrupt),
      on_answer_(std::move(on_answer)),
      channel_(OpenChannel(globals)),
      hub_(v1::EventHub::NewStub(channel_)) {
  Open();
}

Publisher::~Publisher() {
  if (!reader_.joinable()) return;
  context_->TryCancel();
  Close();
}

void Publisher::Open() {
  {
    MutexLock lock(mutex_);
    sent_ = 0;
    broken_ = false;
    refused_ = grpc::Status::OK;
    retry_after_ = absl::ZeroDuration();
  }
  stream_.reset();
  context_ = std::make_unique<rpc::HubContext>(globals_.token);
  stream_ = hub_->PublishStream(context_.get());
  guard_ = std::make_unique<Interrupt::Guard>(interrupt_,
                                              [context = context_.get()] { context->TryCancel(); });
  reader_ = std::thread([this] { ReadAnswers(); });
}

grpc::Status Publisher::Close() {
  reader_.join();
  const grpc::Status status = stream_->Finish();
  guard_.reset();
  MutexLock lock(mutex_);
  return refused_.ok() ? status : refused_;
}

void Publisher::ReadAnswers() {
  v1::PublishStreamResponse answer;
  while (stream_->Read(&answer)) {
    if (Answered(answer)) continue;
    context_->TryCancel();
    break;
  }
  MutexLock lock(mutex_);
  broken_ = true;
  changed_.NotifyAll();
}

bool Publisher::Answered(const v1::PublishStreamResponse& answer) {
  const v1::PublishError* error = answer.has_error() ? &answer.error() : nullptr;
  const auto code = static_cast<grpc::StatusCode>(error != nullptr ? error->status_code() : 0);
  Request request;
  {
    MutexLock lock(mutex_);
    if (sent_ == 0) return false;  // an answer to nothing
    if (error != nullptr && rpc::MayRetry(code, error->reason())) {
      refused_ = grpc::Status(code, error->message());
      retry_after_ = DurationOf(error->retry_after());
      return false;
    }
    request = std::move(in_flight_.front());
    in_flight_.pop_front();
    --sent_;
    backoff_.Reset();
    last_answer_ = absl::Now();
    patience_.Answered();
    changed_.NotifyAll();
  }
  on_answer_(request, error == nullptr ? &answer.response() : nullptr, error);
  return true;
}

// True when no more than `most` are unanswered; false when the stream broke before that.
bool Publisher::WaitForRoom(size_t most) {
  MutexLock lock(mutex_);
  while (!broken_ && in_flight_.size() > most) changed_.Wait(mutex_);
  return in_flight_.size() <= most;
}

// Only this thread adds to in_flight_; only the reader removes from its front, and only what has
// been sent.
bool Publisher::SendAll() {
  while (true) {
    v1::PublishStreamRequest message;
    {
      MutexLock lock(mutex_);
      if (broken_) return false;
      if (sent_ == in_flight_.size()) return true;
      message = in_flight_[sent_].message;
      ++sent_;
    }
    if (!stream_->Write(message)) return false;
  }
}

grpc::Status Publisher::Restore() {
  do {
    grpc::Status status = Close();
    if (status.ok()) status = {grpc::StatusCode::UNAVAILABLE, "the hub ended the stream"};
    absl::Duration retry_after;
    {
      MutexLock lock(mutex_);
      const bool too_late = absl::Now() - last_answer_ > globals_.timeout;
      const bool again = patience_.MayTryAgain(status, globals_);
      if (too_late || !(again || !refused_.ok())) return status;
      for (Request& request : in_flight_) request.sent_before = true;
      retry_after = retry_after_;
    }
    if (!WaitForNextTry(*channel_, retry_after, backoff_.Next(), &interrupt_)) {
      return {grpc::StatusCode::CANCELLED, "interrupted"};
    }
    Open();
  } while (!SendAll());
  return grpc::Status::OK;
}

grpc::Status Publisher::Publish(Request request) {
  while (!WaitForRoom(kMostInFlight - 1)) {
    if (const grpc::Status status = Restore(); !status.ok()) return status;
  }
  {
    MutexLock lock(mutex_);
    // The timeout counts from when a request first waits for an answer.
    if (in_flight_.empty()) last_answer_ = absl::Now();
    in_flight_.push_back(std::move(request));
  }
  return SendAll() ? grpc::Status::OK : Restore();
}

grpc::Status Publisher::Finish() {
  while (!WaitForRoom(0)) {
    if (const grpc::Status status = Restore(); !status.ok()) return status;
  }
  stream_->WritesDone();
  Close();
  return grpc::Status::OK;
}

}  // namespace tocsin::cli
