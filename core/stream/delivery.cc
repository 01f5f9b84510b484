#include "core/stream/delivery.h"

namespace tocsin {

void Delivery::HandOut(Cohort& cohort, std::span<const EventPtr> events, const Cursor& to,
                       Pass::Pace pace) {
  placement_.Absorb(cohort, to);
  const auto overflows = pass_.Run(cohort, events, pace);
  cohorts_.Move(cohort, to);
  for (const Pass::Overflow& overflow : overflows) {
    stats_.fell_behind.fetch_add(cohort.live() ? 1 : 0, std::memory_order_relaxed);
    writer_.Guarded(*overflow.subscriber, [&] {
      for (const auto& subscription : overflow.subscriber->subscriptions) {
        for (Subscription* part : {subscription.get(), subscription->rest.get()}) {
          if (part != nullptr && part->cohort == &cohort) {
            // What goes into a stretch needs no room: it has all of the pass.
            const bool has_all = part->stretch != nullptr && pace == Pass::Pace::kBehind;
            placement_.Park(*part, has_all ? to : overflow.place);
          }
        }
      }
    });
  }
}

}  // namespace tocsin
