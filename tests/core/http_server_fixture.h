// http_server_fixture.h: a server connection over two ends in memory, a clock that is moved by hand,
// and no thread.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/http/io_thread.h"
#include "core/http/memory_stream.h"
#include "core/http/server_connection.h"

namespace tocsin::http::testing {

// What a handler was given.
struct Seen {
  std::string method;
  std::string target;
  std::string body;
  std::vector<Field> parameters;
};

class ServerFixture : public ::testing::Test {
 protected:
  ServerFixture() {
    service.routes = RouteTable({
        {.name = "echo",
         .method = "POST",
         .pattern = "/echo",
         .max_body_bytes = 100,
         .handler = AtOnce([this](const HttpRequest& request) { return See(request); })},
        {.name = "thing",
         .method = "GET",
         .pattern = "/things/{id}",
         .handler = AtOnce([this](const HttpRequest& request) { return See(request); })},
        {.name = "later",
         .method = "GET",
         .pattern = "/later",
         .handler = [this](HttpRequest&, Responder r) { later.emplace_back(std::move(r)); }},
        {.name = "throws",
         .method = "GET",
         .pattern = "/throws",
         .handler = [](HttpRequest&, Responder) { throw std::bad_alloc(); }},
        {.name = "stream",
         .method = "GET",
         .pattern = "/stream",
         .handler = [this](HttpRequest&, Responder r) { Stream(std::move(r)); }},
        {.name = "take",
         .method = "GET",
         .pattern = "/take",
         .handler = [this](HttpRequest&, Responder r) { taken = std::move(r).TakeOver(); }},
    });
    service.origins = OriginPolicy({"https://ops.example.com"});
    Connect();
  }

  void Connect(size_t capacity = 64 * 1024) {
    auto [server, other] = MemoryStream::MakePair(io.io(), capacity);
    client = std::move(other);
    ServeHttp(io, service, std::move(server), {});
  }
  virtual void Stream(Responder) {}

  HttpResponse See(const HttpRequest& request) {
    clock.Advance(costs);
    seen.push_back({request.method, request.target, request.body, request.parameters});
    return {.body = "seen " + request.body};
  }

  // Sends, lets the server do all that it can, and reads what has come.
  void Send(std::string_view bytes) {
    client->TrySend({&bytes, 1});
    Turn();
  }
  void Turn() {
    for (int i = 0; i < 10; ++i) {
      io.RunOnce();
      char room[4096];
      const IoResult result = client->TryRead(room);
      received.append(room, result.bytes);
      at_end |= result.state == IoResult::State::kEnd;
    }
  }
  // Time passes, and the connections are looked at.
  void Pass(absl::Duration time) {
    clock.Advance(time);
    io.Sweep();
    Turn();
  }
  std::string Take() { return std::exchange(received, {}); }
  // Of the first response received.
  int Status() const { return received.size() < 12 ? 0 : std::atoi(received.substr(9, 3).c_str()); }
  size_t Count(std::string_view text) const {
    size_t count = 0;
    for (size_t at = 0; (at = received.find(text, at)) != std::string::npos; ++at) ++count;
    return count;
  }
  bool Has(std::string_view text) const { return Count(text) > 0; }

  static std::string Get(std::string_view target, std::string_view fields = "") {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
  }
  static std::string Post(std::string_view fields, std::string_view body) {
    return "POST /echo HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n" + std::string(body);
  }

  ManualClock clock;
  Service service{.routes = {}};
  std::vector<Responder> later;
  std::optional<TakenOver> taken;
  IoThread io{clock};
  std::unique_ptr<MemoryStream> client;
  std::vector<Seen> seen;
  absl::Duration costs;  // time that a request of See takes
  std::string received;
  bool at_end = false;
};

}  // namespace tocsin::http::testing
