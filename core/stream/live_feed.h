// live_feed.h: hands the window's new events to the live cohort.
//
// Shape:   at most one bounded stretch a turn, and at most one turn a tick. Where the window has
//          dropped what the live cohort still needed, its members fall behind and read the log.
// Threads: the shard's.
#pragma once

#include "core/stream/bell.h"
#include "core/stream/cohort_table.h"
#include "core/stream/delivery.h"
#include "core/stream/notices.h"
#include "core/stream/placement.h"
#include "core/stream/window.h"
#include "core/stream/writer.h"

namespace tocsin {

class LiveFeed {
 public:
  LiveFeed(CohortTable& cohorts, Placement& placement, Delivery& delivery, const Window& window,
           Writer& writer, Notices& notices, Bell& bell)
      : live_(cohorts.live()),
        placement_(placement),
        delivery_(delivery),
        window_(window),
        writer_(writer),
        notices_(notices),
        bell_(bell) {}

  // True once the window has been opened. The first call after that sets the live cohort's place.
  bool SeeOpen();
  void Drain();

 private:
  void NoticeReset(const Window::View& view);

  Cohort& live_;
  Placement& placement_;
  Delivery& delivery_;
  const Window& window_;
  Writer& writer_;
  Notices& notices_;
  Bell& bell_;
  bool open_ = false;
  uint64_t resets_seen_ = 0;
  Window::Slice slice_;
};

}  // namespace tocsin
