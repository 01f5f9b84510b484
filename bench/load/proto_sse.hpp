// A subscriber of server-sent events: a GET whose answer never ends, chunked or until the connection closes.
#pragma once
#include "proto.hpp"

namespace bench {

class SseSub : public SubProto {
 public:
  SseSub(const Options& o, uint32_t i) : o_(o), i_(i) {}
  void start(SubIo& io) override {
    io.out += "GET " + fill(o_, o_.path, i_) + " HTTP/1.1\r\nHost: " + o_.sub_addr +
              "\r\nAccept: text/event-stream\r\n" +
              (o_.token.empty() ? "" : "Authorization: Bearer " + o_.token + "\r\n") + "\r\n";
  }
  size_t feed(const char* p, size_t n, SubIo& io, Sink& sink) override {
    size_t used = 0;
    if (!up_) {
      auto* e = static_cast<const char*>(memmem(p, n, "\r\n\r\n", 4));
      if (!e) return 0;
      if (n < 12 || memcmp(p + 9, "200", 3) != 0) {
        io.err = "refused: " + std::string(p, n < 60 ? n : 60);
        return n;
      }
      chunked_ = memmem(p, size_t(e - p), "chunked", 7) != nullptr;
      up_ = true;
      used = size_t(e - p) + 4;
      io.ready = o_.ready_match.empty();
    }
    if (!chunked_) return used + text(p + used, n - used, io, sink);
    while (true) {
      auto* line = static_cast<const char*>(memmem(p + used, n - used, "\r\n", 2));
      if (!line) return used;
      const size_t size = strtoul(p + used, nullptr, 16);
      const size_t begin = size_t(line - p) + 2;
      if (size == 0) {
        io.err = "ended by server";
        return n;
      }
      if (n - begin < size + 2) return used;
      const size_t taken = pend_.empty() ? text(p + begin, size, io, sink) : 0;
      pend_.append(p + begin + taken, size - taken);
      if (taken < size) pend_.erase(0, text(pend_.data(), pend_.size(), io, sink));
      used = begin + size + 2;
    }
  }

 private:
  // The whole blocks at the beginning; answers how many bytes they are.
  size_t text(const char* p, size_t n, SubIo& io, Sink& sink) {
    size_t used = 0;
    while (auto* end = static_cast<const char*>(memmem(p + used, n - used, "\n\n", 2))) {
      const size_t size = size_t(end - p) + 2 - used;
      sink.event(p + used, size);
      if (!io.ready) io.ready = memmem(p + used, size, o_.ready_match.data(), o_.ready_match.size()) != nullptr;
      used += size;
    }
    return used;
  }

  const Options& o_;
  uint32_t i_;
  bool up_ = false, chunked_ = false;
  std::string pend_;  // a block that has not come whole
};

}  // namespace bench
