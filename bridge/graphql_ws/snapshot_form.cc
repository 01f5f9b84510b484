#include "bridge/graphql_ws/snapshot_form.h"

#include "bridge/graphql/subscription_results.h"
#include "bridge/graphql_ws/event_tails.h"
#include "core/base/status_macros.h"

namespace tocsin::bridge::graphql_ws {

void SnapshotUpdates::Begin(std::string& /*out*/, const Cursor& /*place*/) const {}

absl::Status SnapshotUpdates::Add(std::string& out, std::string_view incident, bool first) const {
  std::string tail;
  RETURN_IF_ERROR(
      graphql::AppendSnapshotResult(tail, *tells_, incident, first && out.empty(), clock_.Now()));
  tail += '}';
  AppendNext(out, quoted_id_, tail);
  return absl::OkStatus();
}

void SnapshotUpdates::End(std::string& out, const Cursor& place, bool first, bool last) const {
  if (!last) {
    return;
  }
  std::string tail;
  graphql::AppendSnapshotEnd(tail, *tells_, place, first && out.empty(), clock_.Now());
  tail += '}';
  AppendNext(out, quoted_id_, tail);
}

}  // namespace tocsin::bridge::graphql_ws
