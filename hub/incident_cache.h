// incident_cache.h: the incidents that were touched lately, before the log has to be asked.
//
// Shape:   least recently used goes first; bounded in count and in estimated bytes.
// Threads: not thread-safe; the sequencer's.
// Owns:    shares of immutable states.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "core/event/limits.h"
#include "hub/log/log.h"

namespace tocsin::hub {

struct IncidentCacheBounds {
  size_t incidents = 100'000;
  size_t bytes = 256 * limits::kMiB;
};

class IncidentCache {
 public:
  explicit IncidentCache(IncidentCacheBounds bounds = {}) : bounds_(bounds) {}

  // Nullptr when it is not here.
  IncidentPtr Find(std::string_view id);
  void Put(IncidentPtr state);
  void Erase(std::string_view id);
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    IncidentPtr state;
    size_t bytes;
  };
  void Shrink();

  const IncidentCacheBounds bounds_;
  std::list<Entry> order_;  // newest first
  absl::flat_hash_map<std::string, std::list<Entry>::iterator> entries_;
  size_t bytes_ = 0;
};

}  // namespace tocsin::hub
