// session_output.h: the transport under a session: a connection, or a string in tests.
//
// Threads: the shard's. No call calls back into the session from inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/auth/subject.h"
#include "core/base/ip_address.h"

namespace tocsin::bridge::ws {

class SessionOutput {
 public:
  virtual ~SessionOutput() = default;
  // Sends one write of the engine. True when it has left already; else Shard::Written is called
  // once it has. The frames are gone when this returns.
  virtual bool SendBatch(std::string_view frames) = 0;
  // Sends frames beside the engine's write, in the order of the calls.
  virtual void Send(std::string_view frames) = 0;
  // Begins the closing handshake after everything that was sent. Nothing may be sent after it.
  virtual void Close(uint16_t code, std::string_view reason) = 0;
  // The session's client is known from here on.
  virtual void OnAuthenticated(const SubjectPtr& /*subject*/) {}
  // Whether the session may stay, with its first subscription or without one; `returns`: that one
  // goes on after a cursor.
  virtual bool MayBegin(bool /*returns*/) { return true; }
  // Ends the connection without a handshake, because the peer is gone.
  virtual void Drop() = 0;
  // Bytes that the peer has acknowledged since the connection began.
  virtual uint64_t BytesTaken() = 0;
  // Bytes given to Send that still wait.
  virtual size_t BytesWaiting() const = 0;
  // Where the peer is, as "192.0.2.1:40000"; empty where there is no such address.
  virtual std::string PeerAddress() const { return ""; }
  // Whose the connection is: the peer, or whom a trusted proxy named; "::" where nobody is known.
  virtual IpAddress Client() const { return {}; }
};

}  // namespace tocsin::bridge::ws
