// HTTP/2 frames and flow control (RFC 9113), as little as a gRPC client on cleartext needs.
#pragma once
#include <algorithm>

#include "proto.hpp"

namespace bench {

inline void h2_frame(std::string& o, size_t len, int type, int flags, uint32_t stream) {
  const char h[9] = {char(len >> 16), char(len >> 8), char(len), char(type), char(flags),
                     char(stream >> 24), char(stream >> 16), char(stream >> 8), char(stream)};
  o.append(h, 9);
}
inline void h2_u32(std::string& o, uint32_t v) {
  for (int s = 24; s >= 0; s -= 8) o.push_back(char(v >> s));
}
inline void hp_str(std::string& o, std::string_view s) {  // no Huffman
  size_t more = s.size();
  o.push_back(char(std::min<size_t>(more, 127)));
  if (more >= 127) {
    for (more -= 127; more >= 128; more >>= 7) o.push_back(char(0x80 | (more & 127)));
    o.push_back(char(more));
  }
  o.append(s);
}
constexpr uint32_t kWindow = 0x7fffffff;

inline void h2_preface(std::string& o) {
  o += "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  h2_frame(o, 12, 4, 0, 0);  // SETTINGS: no push, a stream window that never fills
  o.append("\0\2\0\0\0\0", 6);
  o.append("\0\4", 2);
  h2_u32(o, kWindow);
  h2_frame(o, 4, 8, 0, 0);  // WINDOW_UPDATE for the connection
  h2_u32(o, kWindow - 65535);
}
inline void h2_request(std::string& o, uint32_t stream, const std::string& path,
                       const std::string& authority, const std::string& token) {
  std::string h;
  h.push_back(char(0x83));  // :method POST
  h.push_back(char(0x86));  // :scheme http
  h.push_back(0x04);
  hp_str(h, path);
  h.push_back(0x01);
  hp_str(h, authority);
  h.push_back(0);
  hp_str(h, "content-type");
  hp_str(h, "application/grpc");
  h.push_back(0);
  hp_str(h, "te");
  hp_str(h, "trailers");
  if (!token.empty()) {
    h.push_back(0);
    hp_str(h, "authorization");
    hp_str(h, "Bearer " + token);
  }
  h2_frame(o, h.size(), 1, 4, stream);
  o += h;
}
inline void h2_message(std::string& o, uint32_t stream, std::string_view body, bool end) {
  h2_frame(o, body.size() + 5, 0, end ? 1 : 0, stream);
  o.push_back(0);
  h2_u32(o, uint32_t(body.size()));
  o.append(body);
}
inline uint32_t be32(const char* p) {
  auto* u = reinterpret_cast<const unsigned char*>(p);
  return uint32_t(u[0]) << 24 | uint32_t(u[1]) << 16 | uint32_t(u[2]) << 8 | u[3];
}

// Calls f(type, flags, stream, body, len) for each whole frame; answers SETTINGS and PING.
template <class F>
size_t h2_walk(const char* p, size_t n, SubIo& io, F f) {
  size_t used = 0;
  while (n - used >= 9) {
    auto* u = reinterpret_cast<const unsigned char*>(p + used);
    size_t len = size_t(u[0]) << 16 | size_t(u[1]) << 8 | u[2];
    if (n - used - 9 < len) break;
    int type = u[3], flags = u[4];
    uint32_t stream = be32(p + used + 5) & 0x7fffffff;
    const char* d = p + used + 9;
    if (type == 4 && !(flags & 1)) h2_frame(io.out, 0, 4, 1, 0);
    if (type == 6 && !(flags & 1)) {
      h2_frame(io.out, 8, 6, 1, 0);
      io.out.append(d, 8);
    }
    if (type == 7) io.err = "GOAWAY " + std::string(d + 8, len > 8 ? len - 8 : 0);
    f(type, flags, stream, d, len);
    used += 9 + len;
  }
  return used;
}

// Gives back what was received, now and then: windows of 2 GB need it seldom.
class H2Received {
 public:
  // The connection's window, and with it that of `stream` unless 0 (streams of one short message).
  void take(size_t bytes, uint32_t stream, std::string& out) {
    if ((bytes_ += uint32_t(bytes)) <= (1u << 28)) return;
    give(0, out);
    if (stream != 0) give(stream, out);
    bytes_ = 0;
  }

 private:
  void give(uint32_t stream, std::string& out) const {
    h2_frame(out, 4, 8, 0, stream);
    h2_u32(out, bytes_);
  }
  uint32_t bytes_ = 0;
};

// What may be sent: the connection's window and that of one stream.
class H2Window {
 public:
  // A frame of the server's: SETTINGS and WINDOW_UPDATE change the windows, others do not.
  void on_frame(int type, int flags, uint32_t stream, const char* d, size_t len) {
    if (type == 4 && !(flags & 1)) {
      for (size_t k = 0; k + 6 <= len; k += 6)
        if (d[k] == 0 && d[k + 1] == 4) {
          const int64_t v = be32(d + k + 2);
          stream_ += v - initial_;
          initial_ = v;
        }
    } else if (type == 8) {
      (stream == 0 ? connection_ : stream_) += be32(d) & 0x7fffffff;
    }
  }
  int64_t connection() const { return connection_; }
  int64_t both() const { return std::min(connection_, stream_); }
  void spend_connection(size_t bytes) { connection_ -= int64_t(bytes); }
  void spend_both(size_t bytes) {
    connection_ -= int64_t(bytes);
    stream_ -= int64_t(bytes);
  }

 private:
  int64_t connection_ = 65535, stream_ = 65535, initial_ = 65535;
};

// gRPC messages sent on stream 1, in frames of at most 16 KB (the size that every server takes); what the window does not hold waits.
class H2Sender {
 public:
  void message(std::string_view body, std::string& out) {
    pending_.push_back(0);
    h2_u32(pending_, uint32_t(body.size()));
    pending_.append(body);
    send(out);
  }
  // True while an earlier message waits: nothing more should be given.
  bool blocked() const { return !pending_.empty(); }
  void on_frame(int type, int flags, uint32_t stream, const char* d, size_t len, std::string& out) {
    window_.on_frame(type, flags, stream, d, len);
    if (blocked()) send(out);
  }

 private:
  static constexpr size_t kFrame = 16384;
  void send(std::string& out) {
    size_t at = 0;
    while (at < pending_.size() && window_.both() > 0) {
      const size_t n = std::min({pending_.size() - at, kFrame, size_t(window_.both())});
      h2_frame(out, n, 0, 0, 1);
      out.append(pending_, at, n);
      window_.spend_both(n);
      at += n;
    }
    pending_.erase(0, at);
  }
  H2Window window_;
  std::string pending_;
};

}  // namespace bench
