#include "hub/firing_alerts.h"

#include <algorithm>
#include <iterator>

#include "core/base/strings.h"
#include "core/event/limits.h"

namespace tocsin::hub {

void FiringAlerts::Load(const std::vector<OpenAlert>& open, absl::Time now) {
  for (const OpenAlert& alert : open) {
    Follow({alert.incident, alert.fingerprint, AlertRow{.shown = {}, .ends_at = alert.ends_at}});
    if (alert.ends_at) {
      Renew(alert.fingerprint, absl::InfinitePast(), now + limits::kAlertResolveTimeout);
    }
  }
}

void FiringAlerts::Follow(const AlertChange& change) {
  auto found = alerts_.find(change.fingerprint);
  if (!change.row || !change.row->open()) {
    // It may have moved to another incident in the same commit.
    if (found != alerts_.end() && found->second.incident == change.incident) {
      Erase(found);
    }
    return;
  }
  if (found == alerts_.end()) {
    if (alerts_.size() >= most_) {
      return;
    }
    found = alerts_.try_emplace(change.fingerprint).first;
  }
  found->second.incident = change.incident;
  found->second.at = change.row->firing_at;
  SetEnd(found, change.row->ends_at.value_or(absl::InfiniteFuture()));
  size_ = alerts_.size();
}

const FiringAlerts::Firing* FiringAlerts::Find(std::string_view fingerprint) const {
  const auto found = alerts_.find(ToAbsl(fingerprint));
  return found == alerts_.end() ? nullptr : &found->second;
}

void FiringAlerts::Renew(std::string_view fingerprint, absl::Time at,
                         std::optional<absl::Time> end) {
  const auto found = alerts_.find(ToAbsl(fingerprint));
  if (found == alerts_.end()) {
    return;
  }
  Firing& firing = found->second;
  firing.at = std::max(firing.at, at);
  if (end) {
    const bool had_end = firing.end != absl::InfiniteFuture();
    SetEnd(found, had_end ? std::max(firing.end, *end) : *end);
  }
}

void FiringAlerts::Forget(std::string_view fingerprint) {
  if (const auto found = alerts_.find(ToAbsl(fingerprint)); found != alerts_.end()) {
    Erase(found);
  }
}

void FiringAlerts::ForgetOf(const std::vector<std::string>& incidents) {
  const std::set<std::string_view> gone(incidents.begin(), incidents.end());
  for (auto alert = alerts_.begin(); alert != alerts_.end();) {
    const auto next = std::next(alert);
    if (gone.contains(alert->second.incident)) {
      Erase(alert);
    }
    alert = next;
  }
}

std::vector<std::string> FiringAlerts::Due(absl::Time now, size_t most) const {
  std::vector<std::string> due;
  for (const auto& [end, fingerprint] : ends_) {
    if (end > now || due.size() == most) {
      break;
    }
    due.push_back(*fingerprint);
  }
  return due;
}

absl::Time FiringAlerts::next_end() const {
  return ends_.empty() ? absl::InfiniteFuture() : ends_.begin()->first;
}

void FiringAlerts::SetEnd(Alerts::iterator alert, absl::Time end) {
  ends_.erase({alert->second.end, &alert->first});
  alert->second.end = end;
  if (end != absl::InfiniteFuture()) {
    ends_.emplace(end, &alert->first);
  }
}

void FiringAlerts::Erase(Alerts::iterator alert) {
  ends_.erase({alert->second.end, &alert->first});
  alerts_.erase(alert);
  size_ = alerts_.size();
}

}  // namespace tocsin::hub
