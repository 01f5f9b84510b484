// Protobuf bodies without a schema: a small language, compiled to bytes.
//   "1:s={topic};2:v=5;3:m(1:s={payload})"
//   N:s=TEXT   length-delimited field N (string or bytes)
//   N:v=NUMBER varint field N
//   N:m(...)   nested message field N
// {topic}, {i} and {payload} expand. Text must not hold ';' or ')'.
#pragma once
#include "proto.hpp"

namespace bench {

inline void pb_varint(std::string& o, uint64_t v) {
  while (v >= 0x80) {
    o.push_back(char(v | 0x80));
    v >>= 7;
  }
  o.push_back(char(v));
}
inline std::string pb_compile(const std::string& t, size_t& at, std::string_view payload) {
  std::string o;
  while (at < t.size() && t[at] != ')') {
    if (t[at] == ';') { ++at; continue; }
    uint64_t num = 0;
    while (at < t.size() && t[at] >= '0' && t[at] <= '9') num = num * 10 + uint64_t(t[at++] - '0');
    ++at;  // ':'
    char type = at < t.size() ? t[at] : 's';
    at += 2;  // type and '=' or '('
    if (type == 'm') {
      std::string in = pb_compile(t, at, payload);
      ++at;  // ')'
      pb_varint(o, num << 3 | 2);
      pb_varint(o, in.size());
      o += in;
      continue;
    }
    size_t e = t.find_first_of(";)", at);
    if (e == t.npos) e = t.size();
    std::string v = t.substr(at, e - at);
    at = e;
    if (type == 'v') {
      pb_varint(o, num << 3);
      pb_varint(o, std::stoull(v));
    } else {
      if (v == "{payload}") v = std::string(payload);
      pb_varint(o, num << 3 | 2);
      pb_varint(o, v.size());
      o += v;
    }
  }
  return o;
}

// The publish bodies, one a topic: compiled once, then only the payload is patched in. Payloads are of one length.
class PublishBodies {
 public:
  explicit PublishBodies(const Options& o) : o_(o) {}
  const std::string& of(uint32_t topic, std::string_view payload) {
    if (topic >= bodies_.size()) bodies_.resize(topic + 1);
    Body& b = bodies_[topic];
    if (b.bytes.empty()) {
      size_t at = 0;
      const std::string mark(payload.size(), '\1');
      b.bytes = pb_compile(fill(o_, o_.grpc_pub_body, topic), at, mark);
      b.payload = b.bytes.find(mark);
    }
    if (b.payload != std::string::npos) memcpy(b.bytes.data() + b.payload, payload.data(), payload.size());
    return b.bytes;
  }

 private:
  struct Body {
    std::string bytes;
    size_t payload = 0;  // where it is; npos: the body has none
  };
  const Options& o_;
  std::vector<Body> bodies_;
};

}  // namespace bench
