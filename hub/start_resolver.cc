#include "hub/start_resolver.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"

namespace tocsin::hub {
namespace {

class Resolver {
 public:
  Resolver(const LogExtent& extent, const Epochs& epochs, const PlaceOfTime& place_at)
      : extent_(extent), epochs_(epochs), place_at_(place_at) {}

  absl::StatusOr<ResolvedStart> operator()(const Latest&) const {
    return ResolvedStart{extent_.latest, {}};
  }
  absl::StatusOr<ResolvedStart> operator()(const Earliest&) const {
    return ResolvedStart{extent_.earliest, {}};
  }

  absl::StatusOr<ResolvedStart> operator()(absl::Time time) const {
    ASSIGN_OR_RETURN(const Sequence place, place_at_(time));
    const Sequence origin = epochs_.starts().front().first - 1;
    const bool dropped = extent_.earliest.sequence > origin;
    if (place <= extent_.earliest.sequence && dropped) {
      return AfterGap(GapReason::kExpired, epochs_.PlaceAfter(origin), extent_.earliest.sequence);
    }
    return ResolvedStart{epochs_.PlaceAfter(place), {}};
  }

  absl::StatusOr<ResolvedStart> operator()(const Cursor& cursor) const {
    const std::optional<Epochs::Life> life = epochs_.Find(cursor.epoch, extent_.latest.sequence);
    if (!life && Planted("other-epoch-accepted")) return (*this)(Earliest());
    if (!life || cursor.sequence < life->before) {
      return AfterGap(GapReason::kEpoch, cursor, extent_.earliest.sequence);
    }
    if (cursor.sequence > life->last) {
      return life->present ? PastTheEnd(cursor) : AfterGap(GapReason::kEpoch, cursor, life->last);
    }
    if (cursor.sequence < extent_.earliest.sequence) {
      return AfterGap(GapReason::kExpired, cursor, extent_.earliest.sequence);
    }
    const Sequence late = Planted("resume-one-late");
    const Sequence early = Planted("resume-one-early");
    return ResolvedStart{epochs_.PlaceAfter(cursor.sequence + late - early), {}};
  }

 private:
  // The stream goes on at `place`, or at the earliest place held when that is later.
  absl::StatusOr<ResolvedStart> AfterGap(GapReason reason, const Cursor& from,
                                         Sequence place) const {
    const Cursor to = epochs_.PlaceAfter(std::max(place, extent_.earliest.sequence));
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
  const Epochs& epochs_;
  const PlaceOfTime& place_at_;
};

}  // namespace

absl::StatusOr<ResolvedStart> ResolveStart(const StartPoint& start, const LogExtent& extent,
                                           const Epochs& epochs, const PlaceOfTime& place_at) {
  return std::visit(Resolver(extent, epochs, place_at), start);
}

}  // namespace tocsin::hub
