// publisher.h: a pipelined PublishStream that outlives the hub's restarts.
//
// Shape:   requests are kept until they are answered; when the stream breaks, all unanswered ones
//          are sent again over a new one. Every event has an id, so what the hub had already taken
//          is not taken twice. At most kMostInFlight requests are unanswered; Publish then waits.
// Threads: Publish and Finish on one thread; answers are reported on the publisher's own thread,
//          one at a time.
// Errors:  a refused request is reported as an answer and ends nothing. Publish and Finish fail
//          when the hub has been out of reach for the timeout, or on an interrupt (CANCELLED).
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "cli/client.h"
#include "cli/interrupt.h"
#include "cli/reconnect.h"
#include "cli/token_patience.h"
#include "core/base/backoff.h"
#include "core/base/mutex.h"

namespace tocsin::cli {

class Publisher {
 public:
  static constexpr size_t kMostInFlight = 256;

  struct Request {
    v1::PublishStreamRequest message;
    std::vector<size_t> lines;  // the caller's, one an event, to name it in errors
    bool sent_before = false;   // so that 'duplicate' may be our own first try
  };
  // `error` is nullptr when the request was accepted.
  using OnAnswer = std::function<void(const Request& request, const v1::PublishResponse* response,
                                      const v1::PublishError* error)>;

  Publisher(const Globals& globals, Interrupt& interrupt, OnAnswer on_answer);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // After a failure of either, nothing but the destructor may be called.
  grpc::Status Publish(Request request);
  // Waits until everything is answered.
  grpc::Status Finish();

 private:
  using Stream = grpc::ClientReaderWriter<v1::PublishStreamRequest, v1::PublishStreamResponse>;

  void Open();
  // Joins the reader and returns how the stream ended.
  grpc::Status Close();
  // Opens new streams until everything unanswered has been sent again on one.
  grpc::Status Restore();
  bool SendAll();
  void ReadAnswers();
  // Returns false when the rest must be sent again on a new stream.
  bool Answered(const v1::PublishStreamResponse& answer);
  bool WaitForRoom(size_t most);

  const Globals globals_;
  Interrupt& interrupt_;
  const OnAnswer on_answer_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::EventHub::Stub> hub_;
  Backoff backoff_{kFirstRetry, kLastRetry};
  std::unique_ptr<rpc::HubContext> context_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<Interrupt::Guard> guard_;
  std::thread reader_;

  Mutex mutex_;
  CondVar changed_;
  std::deque<Request> in_flight_ ABSL_GUARDED_BY(mutex_);
  size_t sent_ ABSL_GUARDED_BY(mutex_) = 0;  // how many of them, on this stream
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time last_answer_ ABSL_GUARDED_BY(mutex_) = absl::Now();
  TokenPatience patience_ ABSL_GUARDED_BY(mutex_);
  // The last answer that asked to try again, and after how long.
  grpc::Status refused_ ABSL_GUARDED_BY(mutex_);
  absl::Duration retry_after_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::cli
