#include "core/http/out_stream.h"

#include <algorithm>

#include "absl/container/inlined_vector.h"
#include "core/base/check.h"

namespace tocsin::http {
namespace {

size_t SizeOf(OutStream::Parts parts) {
  size_t size = 0;
  for (const std::string_view part : parts) {
    size += part.size();
  }
  return size;
}

}  // namespace

bool OutStream::SendBatch(Parts parts) {
  TOCSIN_CHECK(!batch_in_flight_);
  if (closing_ || failed_) {
    return false;
  }
  gathering_ = false;
  batch_begin_ = queued_total_;
  batch_end_ = queued_total_ + SizeOf(parts);
  Enqueue(parts);
  batch_in_flight_ = failed_ || sent_total() < batch_end_;
  return !batch_in_flight_;
}

void OutStream::Send(Parts parts) {
  if (!closing_ && !failed_) {
    Enqueue(parts);
    replies_wait_ = waiting_bytes() > 0;
  }
}

void OutStream::SendLast(std::string_view bytes) {
  Send(bytes);
  closing_ = true;
}

void OutStream::ShutdownWhenSent() {
  closing_ = shutdown_ = true;
  Flush();
  TellWhoHasLeft();
}

void OutStream::Flush() {
  if (std::exchange(gathering_, false) && waiting_bytes() > 0 && !waiting_) {
    Pump();
  }
}

uint64_t OutStream::BytesTaken() {
  if (!empty() && !failed_) {
    const uint64_t sent = sent_total();
    taken_ = std::max(taken_, sent - std::min<uint64_t>(sent, stream_->BytesUnacknowledged()));
  }
  return taken_;
}

size_t OutStream::ReplyBytesQueued() const {
  const uint64_t of_batch =
      batch_in_flight_ ? batch_end_ - std::max(batch_begin_, std::min(sent_total(), batch_end_))
                       : 0;
  return waiting_bytes() - static_cast<size_t>(std::min<uint64_t>(of_batch, waiting_bytes()));
}

void OutStream::Abort() {
  failed_ = true;
  DropQueue();
  if (stream_ != nullptr) {
    stream_->Close();
  }
}

std::unique_ptr<ByteStream> OutStream::Release() {
  TOCSIN_CHECK(waiting_bytes() == 0 && !waiting_);
  failed_ = true;
  return std::move(stream_);
}

void OutStream::Enqueue(Parts parts) {
  queued_total_ += SizeOf(parts);
  if (gathering_ || waiting_) {
    Keep(parts, 0);
  } else {
    Push(parts);
  }
}

void OutStream::Push(Parts parts) {
  IoResult result;
  const size_t queued = waiting_bytes();
  if (queued == 0) {
    result = stream_->TrySend(parts);
  } else {
    absl::InlinedVector<std::string_view, 8> all = {std::string_view(queue_).substr(queue_sent_)};
    all.insert(all.end(), parts.begin(), parts.end());
    result = stream_->TrySend(all);
  }
  if (result.state == IoResult::State::kFailed) {
    return Fail();
  }
  queue_sent_ += std::min(result.bytes, queued);
  if (waiting_bytes() == 0 && queued > 0) {
    DropQueue();
  }
  if (result.state == IoResult::State::kBlocked) {
    Keep(parts, result.bytes - std::min(result.bytes, queued));
    WaitFor(result.wait_for);
  }
}

// Copies `parts` into the queue, without their first `sent` bytes.
void OutStream::Keep(Parts parts, size_t sent) {
  if (queue_sent_ > queue_.size() / 2) {
    queue_.erase(0, queue_sent_);
    queue_sent_ = 0;
  }
  for (std::string_view part : parts) {
    const size_t of_part = std::min(sent, part.size());
    sent -= of_part;
    queue_ += part.substr(of_part);
  }
}

void OutStream::Pump() {
  Push({});
  if (!failed_) {
    TellWhoHasLeft();
  }
}

void OutStream::WaitFor(Readiness readiness) {
  waiting_ = true;
  stream_->Wait(readiness, [this, weak = owner_](bool ok) {
    const auto owner = weak.lock();  // if it is gone, so is `this`
    if (owner == nullptr) {
      return;
    }
    waiting_ = false;
    if (!ok) {
      Fail();
    } else if (!failed_) {
      Pump();
    }
  });
}

void OutStream::TellWhoHasLeft() {
  if (shutdown_ && waiting_bytes() == 0 && is_open()) {
    stream_->ShutdownSend();
  }
  if (batch_in_flight_ && sent_total() >= batch_end_) {
    batch_in_flight_ = false;
    if (auto owner = owner_.lock()) {
      owner->OnBatchSent();
    }
  }
  if (replies_wait_ && ReplyBytesQueued() == 0) {
    replies_wait_ = false;
    if (auto owner = owner_.lock()) {
      owner->OnRepliesSent();
    }
  }
}

void OutStream::DropQueue() {
  std::string().swap(queue_);
  queue_sent_ = 0;
}

void OutStream::Fail() {
  if (failed_) {
    return;
  }
  failed_ = true;
  DropQueue();
  stream_->Close();
  if (auto owner = owner_.lock()) {
    owner->OnSendFailed();
  }
}

}  // namespace tocsin::http
