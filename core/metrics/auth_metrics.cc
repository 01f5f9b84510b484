#include "core/metrics/auth_metrics.h"

#include <optional>
#include <string>

#include "core/auth/authenticator.h"
#include "core/auth/refusal.h"

namespace tocsin {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Registry;

prometheus::Family<Counter>& AddCounters(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Gauge& AddGauge(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

void RaiseTo(Counter& counter, uint64_t value) {
  counter.Increment(static_cast<double>(value) - counter.Value());
}

}  // namespace

AuthMetrics::AuthMetrics(Registry& registry)
    : accepted_(
          AddCounters(registry, "tocsin_auth_accepted_total", "Tokens that were good.").Add({})),
      subjects_(AddGauge(registry, "tocsin_subjects",
                         "Subjects that have something open, or have just published, and are "
                         "counted by the limits.")),
      keys_(AddGauge(registry, "tocsin_auth_keys", "Keys that tokens are verified with.")),
      age_(AddGauge(registry, "tocsin_auth_keys_age_seconds",
                    "How long ago the keys were read well for the last time.")),
      failures_(AddCounters(registry, "tocsin_auth_key_failures_total",
                            "Readings of the keys that failed, after which the last good ones "
                            "stayed in use.")
                    .Add({})) {
  auto& refused = AddCounters(registry, "tocsin_auth_refused_total",
                              "Calls and sessions that were refused for their token, or for want "
                              "of one, by the reason.");
  for (const RefusalRow& row : RefusalTable()) {
    refused_.push_back(&refused.Add({{"reason", std::string(row.name)}}));
  }
  auto& limited = AddCounters(registry, "tocsin_subject_refused_total",
                              "What was refused because its subject has as many, by limit.");
  for (const std::string_view name : SubjectLimits::RefusedNames()) {
    limited_.push_back(&limited.Add({{"limit", std::string(name)}}));
  }
}

void AuthMetrics::Set(const Authenticator& authenticator) {
  MutexLock lock(mutex_);
  RaiseTo(accepted_, authenticator.accepted());
  for (const RefusalRow& row : RefusalTable()) {
    RaiseTo(*refused_[static_cast<size_t>(row.refusal)], authenticator.refused(row.refusal));
  }
  const SubjectLimits& limits = authenticator.limits();
  const auto limited = limits.refused();
  for (size_t i = 0; i < limited.size(); ++i) {
    RaiseTo(*limited_[i], limited[i]);
  }
  subjects_.Set(static_cast<double>(limits.subjects()));
  if (const std::optional<KeySource::State> keys = authenticator.keys()) {
    keys_.Set(static_cast<double>(keys->keys));
    age_.Set(absl::ToDoubleSeconds(keys->age));
    RaiseTo(failures_, keys->failures);
  }
}

}  // namespace tocsin
