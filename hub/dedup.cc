#include "hub/dedup.h"

#include "core/base/check.h"

namespace tocsin::hub {
namespace {

PackedUuid Packed(std::string_view id) {
  const std::optional<PackedUuid> packed = PackUuid(id);
  TOCSIN_CHECK(packed.has_value());
  return *packed;
}

}  // namespace

void DedupWindow::Load(const std::vector<DedupEntry>& entries) {
  for (const DedupEntry& entry : entries) {
    Add(entry);
  }
}

const DedupWindow::Seen* DedupWindow::Find(std::string_view id) const {
  const auto found = seen_.find(Packed(id));
  return found == seen_.end() ? nullptr : &found->second;
}

void DedupWindow::Add(const DedupEntry& entry) {
  const PackedUuid id = Packed(entry.id);
  const Seen seen{entry.content, entry.sequence, entry.time, Packed(entry.incident_id)};
  // An id comes twice only in what the log has kept for longer than the window: the newer one
  // counts.
  seen_.insert_or_assign(id, seen);
  order_.push_back(id);
}

void DedupWindow::Expire(absl::Time now) {
  while (!order_.empty()) {
    const auto oldest = seen_.find(order_.front());
    const bool superseded = oldest == seen_.end();
    if (!superseded && order_.size() <= bounds_.ids && oldest->second.time >= now - bounds_.age) {
      return;
    }
    if (!superseded) {
      seen_.erase(oldest);
    }
    order_.pop_front();
  }
}

}  // namespace tocsin::hub
