// firing_alerts.h: the open alerts of all incidents, with what repeated reports say of them that
// the log does not hold: the newest timestamp of the firing, and when it ends by itself.
//
// Shape:   fed by what the log commits. A report that changes nothing appends nothing, and moves
//          timestamp and end here alone; a start of the hub gives every alert at least the resolve
//          timeout anew, in which its sender reports it again.
// Threads: the sequencer's; size() from any.
// Owns:    its entries.
// Bounds:  1,000,000 alerts, of some 250 bytes and a fingerprint each. One past them has no end by
//          itself while they are open, and lasts until it is reported as resolved.
#pragma once

#include <atomic>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/time/time.h"
#include "hub/log/alert_row.h"

namespace tocsin::hub {

class FiringAlerts {
 public:
  struct Firing {
    std::string incident;
    absl::Time at = absl::InfinitePast();  // the newest timestamp that was reported
    absl::Time end = absl::InfiniteFuture();
  };

  explicit FiringAlerts(size_t most = 1'000'000) : most_(most) {}

  // Takes in the open alerts that the log holds. Once, when the hub starts.
  void Load(const std::vector<OpenAlert>& open, absl::Time now);
  // Takes in a change that was committed.
  void Follow(const AlertChange& change);

  // Returns nullptr when no such alert is open. The pointer is valid until the next change.
  const Firing* Find(std::string_view fingerprint) const;
  // Takes in a repeated report. The timestamp and the end never move back; without an `end` the
  // known one stays.
  void Renew(std::string_view fingerprint, absl::Time at, std::optional<absl::Time> end);
  // Removes the alert: it will not be in Due any more.
  void Forget(std::string_view fingerprint);
  // Removes the alerts of these incidents, which the log has dropped. Looks at every alert.
  void ForgetOf(const std::vector<std::string>& incidents);

  // Returns the fingerprints of at most `most` alerts whose end has come, the earliest end first.
  std::vector<std::string> Due(absl::Time now, size_t most) const;
  absl::Time next_end() const;
  size_t size() const { return size_.load(); }

 private:
  using Alerts = absl::node_hash_map<std::string, Firing>;

  void SetEnd(Alerts::iterator alert, absl::Time end);
  void Erase(Alerts::iterator alert);

  const size_t most_;
  Alerts alerts_;  // by fingerprint
  std::set<std::pair<absl::Time, const std::string*>> ends_;
  std::atomic<size_t> size_{0};
};

}  // namespace tocsin::hub
