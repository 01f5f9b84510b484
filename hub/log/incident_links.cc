#include "hub/log/incident_links.h"

#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "core/base/strings.h"

namespace tocsin::hub {

std::vector<Sequence> IncidentLinks(const LogBatch& batch) {
  absl::flat_hash_map<absl::string_view, Sequence> newest;
  newest.reserve(batch.incidents.size());
  for (const IncidentChange& change : batch.incidents) {
    newest[change.after->id] = change.before != nullptr ? change.before->last_sequence : 0;
  }
  std::vector<Sequence> links(batch.events.size());
  for (size_t i = 0; i < batch.events.size() && i < batch.dedup.size(); ++i) {
    const auto found = newest.find(batch.dedup[i].incident_id);
    if (found != newest.end()) {
      links[i] = found->second;
      found->second = batch.events[i]->cursor.sequence;
    }
  }
  return links;
}

}  // namespace tocsin::hub
