#include "core/http/last_words.h"

#include <string>
#include <string_view>
#include <utility>

namespace tocsin::http {
namespace {

// How long the client may take to read the answer.
constexpr absl::Duration kLingerTime = absl::Seconds(1);

std::string AnswerOf(const Refusal& words) {
  HttpResponse response = ProblemResponse(words);
  response.close = true;
  return SerializeHead(response, HttpRequest{.method = "GET", .target = "/"}) + response.body;
}

class LastWords final : public Connection {
 public:
  LastWords(IoThread& io, std::unique_ptr<ByteStream> stream, ConnectionLimits::Ticket ticket)
      : io_(io),
        stream_(std::move(stream)),
        ticket_(std::move(ticket)),
        deadline_(io.clock().Monotonic() + kLingerTime) {}

  void Say(std::string_view answer) {
    stream_->TrySend({&answer, 1});
    stream_->ShutdownSend();
    DropInput();
  }

  void Tick() override {
    if (io_.clock().Monotonic() >= deadline_) {
      Finish();
    }
  }
  void Drain(absl::Duration) override { Finish(); }
  void Abort() override { Finish(); }
  size_t MemoryBytes() const override { return sizeof(*this); }

 private:
  void DropInput() {
    const IoResult result = stream_->TryRead(io_.read_buffer());
    if (result.state == IoResult::State::kEnd || result.state == IoResult::State::kFailed) {
      return Finish();
    }
    stream_->Wait(Readiness::kReadable,
                  [self = std::static_pointer_cast<LastWords>(shared_from_this())](bool ok) {
                    if (self->stream_ != nullptr) {
                      ok ? self->DropInput() : self->Finish();
                    }
                  });
  }
  void Finish() {
    const auto keep = shared_from_this();
    if (stream_ != nullptr) {
      stream_->Close();
      stream_.reset();
      ticket_ = {};
      io_.Remove(*this);
    }
  }

  IoThread& io_;
  std::unique_ptr<ByteStream> stream_;
  ConnectionLimits::Ticket ticket_;
  const absl::Duration deadline_;
};

}  // namespace

void SayLastWords(IoThread& io, std::unique_ptr<ByteStream> stream, ConnectionLimits::Ticket ticket,
                  const Refusal& words) {
  const std::string answer = AnswerOf(words);
  auto connection = std::make_shared<LastWords>(io, std::move(stream), std::move(ticket));
  io.Add(connection);
  connection->Say(answer);
}

}  // namespace tocsin::http
