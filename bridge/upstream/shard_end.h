// shard_end.h: a shard's end of something that another thread reads for it.
//
// Shape:   what the other thread answers is posted to the shard, and delivered there until the end
//          is closed.
// Threads: the answer from any; Close and the destructor on the shard's.
// Owns:    `deliver`, together with the answers that are on their way.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "core/stream/shard.h"

namespace tocsin::bridge {

template <class Message>
class ShardEnd {
 public:
  using Deliver = std::function<void(Message)>;

  ShardEnd(Shard& shard, Deliver deliver)
      : end_(std::make_shared<End>(End{shard, std::move(deliver)})) {}

  // Delivers on the shard's thread, unless the end is closed by then.
  Deliver Answer() const {
    return [end = end_](Message message) {
      end->shard.Post([end, message = std::move(message)]() mutable {
        if (end->alive) {
          end->deliver(std::move(message));
        }
      });
    };
  }
  // Nothing is delivered after this.
  void Close() { end_->alive = false; }

 private:
  struct End {
    Shard& shard;
    const Deliver deliver;
    bool alive = true;  // the shard's thread only
  };

  std::shared_ptr<End> end_;
};

}  // namespace tocsin::bridge
