#include "hub/start_resolver.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"

namespace tocsin::hub {
namespace {

class Resolver {
 public:
  Resolver(const LogExtent& extent, const std::vector<EpochStart>& epochs,
           const PlaceOfTime& place_at)
      : extent_(extent), epochs_(epochs), place_at_(place_at) {}

  absl::StatusOr<ResolvedStart> operator()(const Latest&) const {
    return ResolvedStart{extent_.latest, {}};
  }
  absl::StatusOr<ResolvedStart> operator()(const Earliest&) const {
    return ResolvedStart{extent_.earliest, {}};
  }

  absl::StatusOr<ResolvedStart> operator()(absl::Time time) const {
    ASSIGN_OR_RETURN(const Sequence place, place_at_(time));
    const Sequence origin = epochs_.front().first - 1;
    const bool dropped = extent_.earliest.sequence > origin;
    if (place <= extent_.earliest.sequence && dropped) {
      return AfterGap(GapReason::kExpired, CursorAt(epochs_, origin), extent_.earliest.sequence);
    }
    return ResolvedStart{PlaceOf(place), {}};
  }

  absl::StatusOr<ResolvedStart> operator()(const Cursor& cursor) const {
    const auto epoch = std::find_if(epochs_.begin(), epochs_.end(), [&](const EpochStart& start) {
      return start.epoch == cursor.epoch;
    });
    if (epoch == epochs_.end() || IsBefore(cursor, *epoch)) {
      return AfterGap(GapReason::kEpoch, cursor, extent_.earliest.sequence);
    }
    const auto next = std::next(epoch);
    const bool present = next == epochs_.end();
    const Sequence last = present ? extent_.latest.sequence : next->first - 1;
    if (cursor.sequence > last) {
      return present ? PastTheEnd(cursor) : AfterGap(GapReason::kEpoch, cursor, last);
    }
    if (cursor.sequence < extent_.earliest.sequence) {
      return AfterGap(GapReason::kExpired, cursor, extent_.earliest.sequence);
    }
    return ResolvedStart{PlaceOf(cursor.sequence), {}};
  }

 private:
  // Before the place that the epoch begins at. Any sequence may be asked for, also the last there
  // is.
  static bool IsBefore(const Cursor& cursor, const EpochStart& epoch) {
    return epoch.first > 0 && cursor.sequence < epoch.first - 1;
  }

  // The end is named in the present epoch even when that has no events yet.
  Cursor PlaceOf(Sequence sequence) const {
    return sequence == extent_.latest.sequence ? extent_.latest : CursorAt(epochs_, sequence);
  }

  // The stream goes on at `place`, or at the earliest place held when that is later.
  absl::StatusOr<ResolvedStart> AfterGap(GapReason reason, const Cursor& from,
                                         Sequence place) const {
    const Cursor to = PlaceOf(std::max(place, extent_.earliest.sequence));
    return ResolvedStart{to, Gap{reason, from, to}};
  }

  absl::StatusOr<ResolvedStart> PastTheEnd(const Cursor& cursor) const {
    ErrorDetails details;
    details.earliest = FormatCursor(extent_.earliest);
    details.latest = FormatCursor(extent_.latest);
    return MakeError(ErrorCode::kCursorExpired,
                     absl::StrCat("the cursor ", FormatCursor(cursor), " lies past the log's end, ",
                                  details.latest, ": the server has lost data"),
                     details);
  }

  const LogExtent& extent_;
  const std::vector<EpochStart>& epochs_;
  const PlaceOfTime& place_at_;
};

}  // namespace

absl::StatusOr<ResolvedStart> ResolveStart(const StartPoint& start, const LogExtent& extent,
                                           const std::vector<EpochStart>& epochs,
                                           const PlaceOfTime& place_at) {
  return std::visit(Resolver(extent, epochs, place_at), start);
}

}  // namespace tocsin::hub
