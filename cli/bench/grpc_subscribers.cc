// Subscribe streams on one completion queue, each with one operation under way at a time.
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/bench/sender.h"
#include "cli/bench/subscribers.h"
#include "cli/client.h"
#include "core/event/time_proto.h"

namespace tocsin::cli::bench {
namespace {

class GrpcSubscribers : public Subscribers {
 public:
  GrpcSubscribers(const Globals& globals, const SubscribersOptions& options, Deliveries& deliveries)
      : globals_(globals), options_(options), deliveries_(deliveries) {}

  ~GrpcSubscribers() override {
    if (thread_.joinable()) Close();
  }

  absl::Status Open() override {
    for (uint64_t i = 0; i < options_.channels; ++i) {
      hubs_.push_back(v1::EventHub::NewStub(OpenChannel(globals_, rpc::Connection::kOwn)));
    }
    v1::SubscribeRequest request;
    *request.mutable_filter() = options_.filter;
    request.set_from("latest");
    request.set_label("tocsin-bench");
    open_ = options_.count;
    for (uint64_t i = 0; i < options_.count; ++i) {
      streams_.push_back(std::make_unique<Stream>(globals_.token));
      Stream& stream = *streams_.back();
      stream.number = i;
      stream.reader =
          hubs_[i % hubs_.size()]->PrepareAsyncSubscribe(&stream.context, request, &queue_);
      stream.reader->StartCall(&stream);
    }
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  void Close() override {
    for (const auto& stream : streams_) stream->context.TryCancel();
    thread_.join();
    queue_.Shutdown();
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }

 private:
  enum class Step { kStart, kRead, kFinish };
  struct Stream {
    explicit Stream(const rpc::HubTokenPtr& token) : context(token) {}

    uint64_t number = 0;
    Step step = Step::kStart;
    rpc::HubContext context;
    std::unique_ptr<grpc::ClientAsyncReader<v1::SubscribeResponse>> reader;
    v1::SubscribeResponse response;
    grpc::Status status;
  };

  void Run() {
    void* tag;
    bool ok;
    while (open_ > 0 && queue_.Next(&tag, &ok)) Advance(*static_cast<Stream*>(tag), ok);
  }

  void Advance(Stream& stream, bool ok) {
    if (stream.step == Step::kFinish) return Finished(stream);
    if (!ok) {
      stream.step = Step::kFinish;
      return stream.reader->Finish(&stream.status, &stream);
    }
    if (stream.step == Step::kRead) Take(stream);
    stream.step = Step::kRead;
    stream.reader->Read(&stream.response, &stream);
  }

  void Take(Stream& stream) {
    const v1::SubscribeResponse& response = stream.response;
    deliveries_.Ready(stream.number);
    if (response.has_gap()) deliveries_.TakeGap(stream.number);
    if (response.events().empty()) return;
    batch_.clear();
    for (const v1::Event& event : response.events()) TakeEvent(stream, event);
    deliveries_.Take(stream.number, batch_, response.ByteSizeLong());
  }

  void TakeEvent(const Stream& stream, const v1::Event& event) {
    Delivery delivery;
    if (options_.listening) {
      delivery.sequence = event.sequence();
      delivery.accepted = ToTime(event.time());
    } else if (const auto stamp = StampOf(event)) {
      delivery.stamp = *stamp;
    } else {
      return deliveries_.TakeForeign(stream.number);
    }
    batch_.push_back(delivery);
  }

  void Finished(Stream& stream) {
    --open_;
    grpc::Status status = std::move(stream.status);
    if (status.ok()) status = {grpc::StatusCode::UNAVAILABLE, "the hub ended the stream"};
    const Failure failure = FailureOf(status, globals_.hub);
    deliveries_.Ended(stream.number, {ErrorName(status), failure.exit_code, failure.text});
  }

  const Globals globals_;
  const SubscribersOptions options_;
  Deliveries& deliveries_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<v1::EventHub::Stub>> hubs_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<Delivery> batch_;  // of one response
  uint64_t open_ = 0;            // streams that have not finished; the thread's once it runs
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Subscribers> MakeGrpcSubscribers(const Globals& globals,
                                                 const SubscribersOptions& options,
                                                 Deliveries& deliveries) {
  return std::make_unique<GrpcSubscribers>(globals, options, deliveries);
}

}  // namespace tocsin::cli::bench
