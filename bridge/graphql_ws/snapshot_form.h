// snapshot_form.h: a snapshot as an operation tells it: one `next` for each incident, and one for
// the end.
//
// Shape:   the messages are whole frames, with the operation's id; what they tell is in
//          bridge/graphql/subscription_results.h.
// Threads: called on the thread that reads the snapshot; so this holds no form of a worker's table.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bridge/graphql/subscription.h"
#include "bridge/snapshots.h"
#include "core/base/clock.h"

namespace tocsin::bridge::graphql_ws {

class SnapshotUpdates final : public SnapshotForm {
 public:
  SnapshotUpdates(std::shared_ptr<const graphql::Subscription> tells, std::string quoted_id,
                  Clock& clock)
      : tells_(std::move(tells)), quoted_id_(std::move(quoted_id)), clock_(clock) {}

  void Begin(std::string& out, const Cursor& place) const override;
  absl::Status Add(std::string& out, std::string_view incident, bool first) const override;
  void End(std::string& out, const Cursor& place, bool first, bool last) const override;

 private:
  const std::shared_ptr<const graphql::Subscription> tells_;
  const std::string quoted_id_;
  Clock& clock_;
};

}  // namespace tocsin::bridge::graphql_ws
