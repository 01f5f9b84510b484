// One PublishStream: written by the load's thread, answered in order to a thread of its own.
#include <deque>
#include <thread>
#include <utility>

#include "cli/bench/sender.h"
#include "core/base/mutex.h"

namespace tocsin::cli::bench {
namespace {

class StreamSender : public Sender {
 public:
  StreamSender(v1::EventHub::Stub& hub, const rpc::HubTokenPtr& token, RequestMaker maker,
               OnAnswer on_answer, OnEnd on_end)
      : maker_(std::move(maker)),
        on_answer_(std::move(on_answer)),
        on_end_(std::move(on_end)),
        context_(token),
        stream_(hub.PublishStream(&context_)),
        reader_([this] { ReadAnswers(); }) {}

  ~StreamSender() override {
    if (!reader_.joinable()) return;
    context_.TryCancel();
    Finish();
  }

  bool Send(const Batch& batch) override {
    maker_.Fill(batch, *message_.mutable_publish());
    {
      MutexLock lock(mutex_);
      if (broken_) return false;
      waiting_.push_back(batch);
    }
    return stream_->Write(message_);
  }

  void Drain() override {
    bool all_answered;
    {
      MutexLock lock(mutex_);
      while (!broken_ && !waiting_.empty()) changed_.Wait(mutex_);
      all_answered = waiting_.empty();
    }
    if (all_answered) stream_->WritesDone();
    Finish();
  }

  void Cancel() override {
    {
      MutexLock lock(mutex_);
      cancelled_ = true;
    }
    context_.TryCancel();
  }

  grpc::Status status() override {
    MutexLock lock(mutex_);
    return cancelled_ ? grpc::Status::OK : status_;
  }

 private:
  void ReadAnswers() {
    v1::PublishStreamResponse answer;
    while (stream_->Read(&answer) && TakeAnswer(answer)) {
    }
    {
      MutexLock lock(mutex_);
      broken_ = true;
      changed_.NotifyAll();
    }
    on_end_();
  }

  // Returns false for an answer to a request that was never sent.
  bool TakeAnswer(const v1::PublishStreamResponse& answer) {
    Batch batch;
    {
      MutexLock lock(mutex_);
      if (waiting_.empty()) return false;
      batch = waiting_.front();
      waiting_.pop_front();
    }
    const v1::PublishError& error = answer.error();
    on_answer_(batch,
               answer.has_error()
                   ? ErrorName(static_cast<grpc::StatusCode>(error.status_code()), error.reason())
                   : std::string());
    MutexLock lock(mutex_);
    if (waiting_.empty()) changed_.NotifyAll();
    return true;
  }

  void Finish() {
    reader_.join();
    grpc::Status status = stream_->Finish();
    MutexLock lock(mutex_);
    if (status.ok() && !waiting_.empty()) {
      status = {grpc::StatusCode::UNAVAILABLE, "the hub ended the stream"};
    }
    status_ = status;
  }

  const RequestMaker maker_;
  const OnAnswer on_answer_;
  const OnEnd on_end_;
  rpc::HubContext context_;
  const std::unique_ptr<
      grpc::ClientReaderWriter<v1::PublishStreamRequest, v1::PublishStreamResponse>>
      stream_;
  v1::PublishStreamRequest message_;

  Mutex mutex_;
  CondVar changed_;
  std::deque<Batch> waiting_ ABSL_GUARDED_BY(mutex_);  // at most what may be in flight
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;        // no answer comes any more
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
  std::thread reader_;  // last: it uses the rest
};

}  // namespace

std::unique_ptr<Sender> MakeStreamSender(v1::EventHub::Stub& hub, const rpc::HubTokenPtr& token,
                                         RequestMaker maker, Sender::OnAnswer on_answer,
                                         Sender::OnEnd on_end) {
  return std::make_unique<StreamSender>(hub, token, std::move(maker), std::move(on_answer),
                                        std::move(on_end));
}

}  // namespace tocsin::cli::bench
