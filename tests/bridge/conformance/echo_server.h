// echo_server.h: a server that says every message again, over the bridge's own connection: its
// handshake, reader, writer, deflate and closing. The client is a string of bytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bridge/worker.h"
#include "core/http/memory_stream.h"
#include "tests/bridge/conformance/case.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge::conformance {

class EchoServer {
 public:
  static constexpr size_t kMaxMessageBytes = limits::kClientMessageBytes;

  explicit EchoServer(std::string_view offer = "");
  ~EchoServer();

  // Sends, and lets the server do all that it can.
  void Send(std::string_view bytes);
  // What it said since the handshake.
  const Lines& lines() const { return lines_; }
  // The handshake's answer: the extensions agreed on; empty: none.
  const std::string& extensions() const { return extensions_; }
  size_t compressed_frames() const { return compressed_; }
  // The client closes its side; true when the server then holds no connection any more.
  bool EndsWithTheClient();

 private:
  void Turn();
  void TakeFrames();

  ManualClock clock_;
  tocsin::testing::VectorLog log_;
  testing::FakeSnapshots snapshots_;
  Metrics metrics_;
  ws::SessionOptions options_;
  Worker worker_;
  std::unique_ptr<http::MemoryStream> client_;
  std::string received_;
  std::string extensions_;
  Lines lines_;
  size_t compressed_ = 0;
};

// Long payloads by their length and hash, so that a difference can be read.
std::string Shown(std::string_view payload);

}  // namespace tocsin::bridge::conformance
