// auth_metrics.h: what a server's authenticator and the limits of its subjects have let in and
// refused, and how its keys are. Hub
// and bridge have the same names.
//
// Threads: safe; Set is called at a scrape.
// Owns:    nothing: the metrics live in the registry, which must outlive this.
// Bounds:  one series for each reason of the table of refusals, and for each limit.
// Source:  docs/operations.md, "Metrics".
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <vector>

#include "core/base/mutex.h"

namespace tocsin {

class Authenticator;

class AuthMetrics {
 public:
  explicit AuthMetrics(prometheus::Registry& registry);

  void Set(const Authenticator& authenticator);

 private:
  Mutex mutex_;  // of two scrapes at once, each adds what the other has not
  prometheus::Counter& accepted_ ABSL_GUARDED_BY(mutex_);
  std::vector<prometheus::Counter*> refused_ ABSL_GUARDED_BY(mutex_);  // by Refusal
  std::vector<prometheus::Counter*> limited_ ABSL_GUARDED_BY(mutex_);  // as RefusedNames
  prometheus::Gauge& subjects_;
  prometheus::Gauge& keys_;
  prometheus::Gauge& age_;
  prometheus::Counter& failures_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin
