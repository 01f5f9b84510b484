// stream_directory.h: finds a Subscribe stream by the id that its client was told.
//
// Threads: safe; a leaf mutex. A stream that was found is used on its shard's thread only, and found
//          there again first: it may have ended meanwhile.
// Owns:    nothing: a stream enters when it begins and leaves before it goes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "core/base/mutex.h"
#include "core/base/strings.h"

namespace tocsin::hub {

class HubShard;
class SubscribeStream;

class StreamDirectory {
 public:
  struct Entry {
    HubShard* shard;
    SubscribeStream* stream;
  };

  void Enter(const std::string& id, Entry entry) {
    MutexLock lock(mutex_);
    streams_.emplace(id, entry);
  }
  void Leave(std::string_view id) {
    MutexLock lock(mutex_);
    streams_.erase(id);
  }
  std::optional<Entry> Find(std::string_view id) const {
    MutexLock lock(mutex_);
    const auto found = streams_.find(id);
    return found == streams_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, Entry, StringHash, StringEq> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::hub
