// Publishes to Tocsin over one PublishStream: the events that are due at the same moment share a message, as a service under load
// would send them. Each message is answered, in order; a refusal ends the run.
#pragma once
#include <deque>

#include "h2.hpp"
#include "pb.hpp"

namespace bench {

class TocsinPub : public PubProto {
 public:
  explicit TocsinPub(const Options& o) : o_(o), bodies_(o) {}
  void start(SubIo& io) override {
    h2_preface(io.out);
    h2_request(io.out, 1, "/tocsin.v1.EventHub/PublishStream", o_.pub_addr, o_.token);
  }
  size_t feed(const char* p, size_t n, SubIo& io, uint64_t& acks) override {
    return h2_walk(p, n, io, [&](int type, int flags, uint32_t stream, const char* d, size_t len) {
      sender_.on_frame(type, flags, stream, d, len, io.out);
      if (type == 4 && !(flags & 1)) io.ready = true;
      if (type == 3 || (type == 1 && (flags & 1))) io.err = "publish stream ended by server";
      if (type != 0) return;
      pend_.append(d, len);
      pend_.erase(0, answers(io, acks));
      received_.take(len, 1, io.out);
    });
  }
  bool publish(std::string& out, uint32_t topic, std::string_view payload) override {
    if (sender_.blocked()) return false;
    batch_ += bodies_.of(topic, payload);
    if (++batched_ >= o_.pub_batch || batch_.size() >= kBatchBytes) end_burst(out);
    return true;
  }
  void end_burst(std::string& out) override {
    if (batched_ == 0) return;
    std::string message;
    message.push_back(0x0a);  // PublishStreamRequest.publish
    pb_varint(message, batch_.size());
    message += batch_;
    sender_.message(message, out);
    due_.push_back(batched_);
    batch_.clear();
    batched_ = 0;
  }
  bool acknowledges() const override { return true; }

 private:
  static constexpr size_t kBatchBytes = 1 << 20;  // one publish may have 4 MiB
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

  const Options& o_;
  PublishBodies bodies_;
  H2Sender sender_;
  H2Received received_;
  std::string batch_, pend_;
  uint64_t batched_ = 0;
  std::deque<uint64_t> due_;  // events of each message not yet answered
};

}  // namespace bench
