// streamed_response.h: the body of a response that is sent piece by piece, as a handler's
// StreamOwner writes it.
//
// Shape:   on HTTP/1.1 every call sends one chunk, and the end is the last chunk; on 1.0 the bytes
//          go as they are, and the end is the connection's end.
// Threads: the connection's.
// Owns:    nothing. Lives inside its connection, beside the OutStream.
// Errors:  once it has ended, or the connection is gone, nothing is sent.
// Source:  RFC 9112, section 7.1.
#pragma once

#include "core/http/io_thread.h"
#include "core/http/out_stream.h"
#include "core/http/responder.h"

namespace tocsin::http {

class StreamedResponse final : public ResponseStream {
 public:
  // Calls `on_end` once, inside End.
  StreamedResponse(Connection& connection, OutStream& out, bool chunked,
                   absl::AnyInvocable<void()> on_end)
      : connection_(connection), out_(out), on_end_(std::move(on_end)), chunked_(chunked) {}

  // ResponseStream.
  using ResponseStream::SendBatch;
  bool SendBatch(Parts parts) override;
  void Send(std::string_view bytes) override;
  void End() override;
  void Abort() override { connection_.Abort(); }
  uint64_t BytesTaken() override { return out_.BytesTaken(); }
  size_t BytesWaiting() const override { return out_.ReplyBytesQueued(); }
  std::string PeerAddress() const override { return out_.PeerAddress(); }

 private:
  bool open() const { return !ended_ && out_.is_open(); }

  Connection& connection_;
  OutStream& out_;
  absl::AnyInvocable<void()> on_end_;
  const bool chunked_;
  bool ended_ = false;
};

}  // namespace tocsin::http
