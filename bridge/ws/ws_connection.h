// ws_connection.h: the connection of a WebSocket session. A FrameReader reads its messages, the
// session handles them, and an OutStream sends the frames.
//
// Shape:   waits until there is something to read, and then reads into the worker's buffer, so an
//          idle connection holds no buffer. To close, it sends a close frame, waits for the peer's,
//          shuts its sending side, and reads and drops what still comes until the peer has shut its
//          side, so that no reset takes the last frames away. All of this may take 4 s. The session
//          lives inside the connection's object, so that the two cost one allocation.
// Threads: its worker's.
// Owns:    itself, through its outstanding handlers and the worker's list.
// Errors:  a failed read or send ends the connection. Includes Asio, by way of the worker: for .cc
//          files only.
// Source:  RFC 6455, section 7; docs/adr/0005-sockets.md, docs/adr/0025-one-websocket-layer.md
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "bridge/worker.h"
#include "bridge/ws/frame_reader.h"
#include "bridge/ws/read_budget.h"
#include "bridge/ws/session_output.h"
#include "bridge/ws/web_socket_session.h"
#include "core/http/message.h"
#include "core/http/out_stream.h"
#include "core/http/responder.h"

namespace tocsin::bridge::ws {

// What the handshake's answer says besides yes. Empty: nothing.
struct Agreed {
  std::string extensions;
  std::string_view subprotocol;
};

// The extensions that this worker and the client have in common.
std::string AgreeOnExtensions(const Worker& worker, const http::HttpRequest& request);

class WsConnection : public http::Connection, public http::OutOwner, public SessionOutput {
 public:
  // Answers the handshake, and serves the session until it ends.
  void Start(const http::HttpRequest& request, const Agreed& agreed);

  // Connection.
  void Tick() override;
  void OnSourceChange() override;
  void Drain(absl::Duration slot) override { session().Drain(slot); }
  // Finishes in a handler of its own, because the caller may be inside the session or the shard.
  void Abort() override;

  // SessionOutput.
  bool SendBatch(std::string_view frames) override;
  void Send(std::string_view frames) override { stream_.Send(frames); }
  void Close(uint16_t code, std::string_view reason) override;
  void Drop() override { Abort(); }
  uint64_t BytesTaken() override { return stream_.BytesTaken(); }
  size_t BytesWaiting() const override { return stream_.ReplyBytesQueued(); }
  std::string PeerAddress() const override { return stream_.PeerAddress(); }
  IpAddress Client() const override { return ticket_.client(); }
  bool MayBegin(bool returns) override { return ticket_.MayBegin(returns); }
  void OnAuthenticated(const SubjectPtr& /*subject*/) override { ticket_.Authenticated(); }

  // http::OutOwner.
  void OnBatchSent() override;
  void OnRepliesSent() override;
  void OnSendFailed() override;

 protected:
  // `inflater`: null where compression has not been agreed on.
  WsConnection(Worker& worker, http::TakenOver taken, Inflater* inflater);

  // Besides the object itself and its session.
  size_t HeldBytes() const;

 private:
  virtual WebSocketSession& session() = 0;

  std::shared_ptr<WsConnection> self();
  template <class Call>
  void Guard(Call call);
  void Fail();

  // False while the client must first take its answers, or has sent more than is read of one client.
  bool MayRead();
  void ReadOn();
  void WaitToRead(http::Readiness readiness);
  void ReadUnread();
  void ReadNow();
  void TakeIn(std::span<char> bytes);
  void TakeMessages(std::span<char> bytes);
  void Take(const Received& received);

  void SendClose(std::string_view frame);
  void OnPeerClose(uint16_t code);
  void OnPeerEnd();
  void FinishWhenSent();
  void EndReading();
  void Finish();

  Worker& worker_;
  http::ConnectionLimits::Ticket ticket_;
  http::OutStream stream_;
  FrameReader reader_;
  ReadBudget budget_;
  absl::Duration deadline_ = absl::InfiniteDuration();
  std::string unread_;       // read, but not handled yet: see MayRead
  bool reading_ = false;     // a handler that reads is outstanding
  bool ended_ = false;       // the closing handshake is done, and what still comes is dropped
  bool peer_ended_ = false;  // its sending side; it is let go once everything has left
  bool finished_ = false;
};

// The connection with its session inside.
template <class S>
class WsConnectionOf final : public WsConnection {
 public:
  template <class... Args>
  WsConnectionOf(Worker& worker, http::TakenOver taken, Inflater* inflater, Args&&... args)
      : WsConnection(worker, std::move(taken), inflater),
        session_(std::forward<Args>(args)..., static_cast<SessionOutput&>(*this)) {}

  size_t MemoryBytes() const override {
    return sizeof(*this) + session_.MemoryBytes() + HeldBytes();
  }

 private:
  WebSocketSession& session() override { return session_; }

  S session_;
};

// Serves a client whose handshake RefuseHandshake let pass. The session is an S, made from `args`
// and its output.
template <class S, class... Args>
void ServeWebSocket(Worker& worker, http::TakenOver taken, const http::HttpRequest& request,
                    std::string_view subprotocol, Args&&... args) {
  const Agreed agreed{AgreeOnExtensions(worker, request), subprotocol};
  Inflater* const inflater =
      agreed.extensions.empty() ? nullptr : &worker.sessions().compression->inflater;
  auto connection = std::make_shared<WsConnectionOf<S>>(worker, std::move(taken), inflater,
                                                        std::forward<Args>(args)...);
  worker.io().Add(connection);
  connection->Start(request, agreed);
}

}  // namespace tocsin::bridge::ws
