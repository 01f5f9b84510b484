#include "core/http/memory_stream.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <string>
#include <utility>
#include <vector>

namespace tocsin::http {

using State = IoResult::State;

// One direction: the bytes on their way from one end to the other, and the callers that wait at
// either end.
struct MemoryStream::Direction {
  Direction(boost::asio::io_context& context, size_t room) : io(context), capacity(room) {}

  bool readable() const { return !bytes.empty() || ended || broken; }
  bool writable() const { return bytes.size() < capacity || broken; }

  void Wake(std::vector<Woken>& waiting, bool ok) {
    for (Woken& woken : std::exchange(waiting, {})) {
      boost::asio::post(io, [woken = std::move(woken), ok]() mutable { woken(ok); });
    }
  }
  void WakeReady() {
    if (readable()) {
      Wake(readers, true);
    }
    if (writable()) {
      Wake(writers, true);
    }
  }

  boost::asio::io_context& io;
  const size_t capacity;
  std::string bytes;
  bool ended = false;   // the sender sends no more
  bool broken = false;  // one end has been closed
  std::vector<Woken> readers;
  std::vector<Woken> writers;
};

std::pair<std::unique_ptr<MemoryStream>, std::unique_ptr<MemoryStream>> MemoryStream::MakePair(
    boost::asio::io_context& io, size_t capacity) {
  const auto there = std::make_shared<Direction>(io, capacity);
  const auto back = std::make_shared<Direction>(io, capacity);
  return {std::unique_ptr<MemoryStream>(new MemoryStream(there, back)),
          std::unique_ptr<MemoryStream>(new MemoryStream(back, there))};
}

IoResult MemoryStream::TryRead(std::span<char> room) {
  if (!open_) {
    return {.state = State::kFailed};
  }
  if (reads_that_want_writable_ > 0) {
    --reads_that_want_writable_;
    return {.state = State::kBlocked, .wait_for = Readiness::kWritable};
  }
  const size_t bytes = std::min(room.size(), in_->bytes.size());
  if (bytes > 0) {
    std::copy_n(in_->bytes.data(), bytes, room.data());
    in_->bytes.erase(0, bytes);
    in_->WakeReady();
    return {.state = State::kDone, .bytes = bytes};
  }
  return {.state = in_->ended    ? State::kEnd
                   : in_->broken ? State::kFailed
                                 : State::kBlocked,
          .wait_for = Readiness::kReadable};
}

IoResult MemoryStream::TrySend(std::span<const std::string_view> parts) {
  IoResult result{.wait_for = Readiness::kWritable};
  if (sends_that_want_readable_ > 0) {
    --sends_that_want_readable_;
    return {.state = State::kBlocked, .wait_for = Readiness::kReadable};
  }
  for (std::string_view part : parts) {
    if (!open_ || out_->broken || out_->ended) {
      return {.state = State::kFailed};
    }
    const size_t bytes = std::min(part.size(), out_->capacity - out_->bytes.size());
    out_->bytes += part.substr(0, bytes);
    result.bytes += bytes;
    if (bytes < part.size()) {
      result.state = State::kBlocked;
      break;
    }
  }
  sends_ += result.bytes > 0 ? 1 : 0;
  out_->WakeReady();
  return result;
}

void MemoryStream::Wait(Readiness readiness, Woken woken) {
  Direction& direction = readiness == Readiness::kReadable ? *in_ : *out_;
  (readiness == Readiness::kReadable ? direction.readers : direction.writers)
      .push_back(std::move(woken));
  if (!open_) {
    direction.Wake(direction.readers, false);
    direction.Wake(direction.writers, false);
  } else {
    direction.WakeReady();
  }
}

void MemoryStream::ShutdownSend() {
  out_->ended = true;
  out_->WakeReady();
}

void MemoryStream::Close() {
  if (!std::exchange(open_, false)) {
    return;
  }
  in_->Wake(in_->readers, false);
  out_->Wake(out_->writers, false);
  in_->broken = true;
  out_->ended = true;
  in_->WakeReady();
  out_->WakeReady();
}

size_t MemoryStream::BytesUnacknowledged() { return out_->bytes.size(); }

}  // namespace tocsin::http
