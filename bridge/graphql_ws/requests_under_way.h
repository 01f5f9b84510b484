// requests_under_way.h: the queries and mutations of one session that have not been answered.
//
// Shape:   a result comes from another thread and is delivered on the shard's, to the session that
//          asked; where the session or the request has gone, it is dropped.
// Threads: the shard's.
// Bounds:  kMaxRequests at a time, each of at most one message (limits::kClientMessageBytes). Their
//          results wait in the connection's queue, and past its bound nothing more is read.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/upstream/shard_end.h"

namespace tocsin::bridge::graphql_ws {

class RequestsUnderWay {
 public:
  // A page of a dashboard asks for a dozen things at once; more is no page of a dashboard.
  static constexpr size_t kMaxRequests = 32;

  RequestsUnderWay() = default;
  ~RequestsUnderWay() { Clear(); }
  RequestsUnderWay(const RequestsUnderWay&) = delete;
  RequestsUnderWay& operator=(const RequestsUnderWay&) = delete;

  bool full() const { return requests_.size() >= kMaxRequests; }
  bool Has(std::string_view quoted_id) const;
  // What delivers the result, from any thread; `deliver` is called on the shard's, after the
  // request was taken out.
  std::function<void(std::string)> Add(Shard& shard, std::string quoted_id,
                                       std::function<void(std::string)> deliver);
  // The result is not wanted any more. False when there is no such request.
  bool Remove(std::string_view quoted_id);
  void Clear();

  size_t MemoryBytes() const { return requests_.capacity() * sizeof(Request); }

 private:
  struct Request {
    std::string quoted_id;
    ShardEnd<std::string> end;
  };

  std::vector<Request> requests_;
};

}  // namespace tocsin::bridge::graphql_ws
