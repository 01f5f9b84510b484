// Publishes to Tocsin over one PublishStream: the events that are due at the same moment share a message, as a service under load
// would send them. Each message is answered, in order; a refusal ends the run.
#pragma once
#include <deque>

#include "proto_grpc.hpp"

namespace bench {

class TocsinPub : public PubProto {
 public:
  explicit TocsinPub(const Options& o) : o_(o) {}
  void start(SubIo& io) override {
    h2_preface(io.out);
    h2_request(io.out, 1, "/tocsin.v1.EventHub/PublishStream", o_.pub_addr);
  }
  size_t feed(const char* p, size_t n, SubIo& io, uint64_t& acks) override {
    return h2_walk(p, n, io, [&](int type, int flags, uint32_t stream, const char* d, size_t len) {
      if (type == 4 && !(flags & 1)) {
        io.ready = true;
        for (size_t k = 0; k + 6 <= len; k += 6)
          if (d[k] == 0 && d[k + 1] == 4) {
            int64_t v = be32(d + k + 2);
            stream_win_ += v - initial_;
            initial_ = v;
          }
      } else if (type == 8) {
        (stream == 0 ? win_ : stream_win_) += be32(d) & 0x7fffffff;
      } else if (type == 3 || (type == 1 && (flags & 1))) {
        io.err = "publish stream ended by server";
      } else if (type == 0) {
        pend_.append(d, len);
        pend_.erase(0, answers(io, acks));
        if ((consumed_ += uint32_t(len)) > (1u << 28)) {
          for (uint32_t s : {0u, 1u}) {
            h2_frame(io.out, 4, 8, 0, s);
            h2_u32(io.out, consumed_);
          }
          consumed_ = 0;
        }
      }
    });
  }
  bool publish(std::string& out, uint32_t topic, std::string_view payload) override {
    if (topic >= tpl_.size()) tpl_.resize(topic + 1);
    auto& t = tpl_[topic];
    if (t.body.empty()) {
      size_t at = 0;
      std::string mark(payload.size(), '\1');
      t.body = pb_compile(fill(o_, o_.grpc_pub_body, topic), at, mark);
      t.off = t.body.find(mark);
    }
    const auto cost = int64_t(batch_.size() + t.body.size() + 16);
    if (win_ < cost || stream_win_ < cost) return false;
    memcpy(t.body.data() + t.off, payload.data(), payload.size());
    batch_ += t.body;
    if (++batched_ >= o_.pub_batch) end_burst(out);
    return true;
  }
  void end_burst(std::string& out) override {
    if (batched_ == 0) return;
    std::string message;
    message.push_back(0x0a);  // PublishStreamRequest.publish
    pb_varint(message, batch_.size());
    message += batch_;
    // In frames of at most 16 KB, the size that every server takes.
    std::string body;
    body.push_back(0);
    h2_u32(body, uint32_t(message.size()));
    body += message;
    for (size_t at = 0; at < body.size(); at += 16384) {
      const std::string_view part = std::string_view(body).substr(at, 16384);
      h2_frame(out, part.size(), 0, 0, 1);
      out.append(part);
    }
    win_ -= int64_t(body.size());
    stream_win_ -= int64_t(body.size());
    due_.push_back(batched_);
    batch_.clear();
    batched_ = 0;
  }
  bool acknowledges() const override { return true; }

 private:
  size_t answers(SubIo& io, uint64_t& acks) {
    size_t used = 0;
    while (pend_.size() - used >= 5) {
      const uint32_t len = be32(pend_.data() + used + 1);
      if (pend_.size() - used - 5 < len) break;
      if (len > 0 && pend_[used + 5] == 0x12) io.err = "publish refused";
      if (due_.empty()) {
        io.err = "an answer without a request";
        break;
      }
      acks += due_.front();
      due_.pop_front();
      used += 5 + len;
    }
    return used;
  }

  struct Tpl { std::string body; size_t off = 0; };
  const Options& o_;
  std::vector<Tpl> tpl_;
  std::string batch_, pend_;
  uint64_t batched_ = 0;
  std::deque<uint64_t> due_;  // events of each message not yet answered
  uint32_t consumed_ = 0;
  int64_t win_ = 65535, stream_win_ = 65535, initial_ = 65535;
};

}  // namespace bench
