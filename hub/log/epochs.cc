#include "hub/log/epochs.h"

#include <algorithm>
#include <random>
#include <utility>

#include "hub/log/log_codec.h"

namespace tocsin::hub {

Epochs::Epochs(std::vector<EpochStart> starts) : starts_(std::move(starts)) {
  index_.reserve(starts_.size());
  for (size_t i = 0; i < starts_.size(); ++i) {
    index_[starts_[i].epoch] = i;
  }
}

void Epochs::Begin(Epoch epoch, Sequence earliest, Sequence last) {
  Forget(earliest);
  for (EpochStart& start : starts_) {
    start.first = std::min(start.first, last + 1);  // what came later is lost
  }
  starts_.push_back({epoch, last + 1});
  *this = Epochs(std::move(starts_));
}

// The oldest life that is kept names the oldest place held. The very first one stays while it does,
// though it may be without events: it names the log's beginning.
void Epochs::Forget(Sequence earliest) {
  std::vector<EpochStart> kept;
  size_t empty = 0;
  for (size_t i = starts_.size(); i-- > 0 && kept.size() + 1 < kMax;) {
    const bool over = i + 1 < starts_.size();
    if (over && starts_[i + 1].first - 1 < earliest) {
      break;
    }
    const bool is_empty = i > 0 && over && starts_[i + 1].first == starts_[i].first;
    empty += is_empty ? 1 : 0;
    if (!is_empty || empty <= kMaxEmpty) {
      kept.push_back(starts_[i]);
    }
  }
  std::reverse(kept.begin(), kept.end());
  starts_ = std::move(kept);
}

Cursor Epochs::PlaceAfter(Sequence sequence) const {
  const auto next =
      std::upper_bound(starts_.begin(), starts_.end(), sequence,
                       [](Sequence place, const EpochStart& start) { return place < start.first; });
  return {next == starts_.begin() ? starts_.front().epoch : std::prev(next)->epoch, sequence};
}

std::optional<Epochs::Life> Epochs::Find(Epoch epoch, Sequence last) const {
  const auto found = index_.find(epoch);
  if (found == index_.end()) {
    return std::nullopt;
  }
  const size_t i = found->second;
  const bool present = i + 1 == starts_.size();
  return Life{.before = starts_[i].first - 1,
              .last = present ? last : starts_[i + 1].first - 1,
              .present = present};
}

std::string Epochs::Encode() const {
  std::string value;
  value.reserve(starts_.size() * 16);
  for (const EpochStart& start : starts_) {
    PutU64(value, start.epoch);
    PutU64(value, start.first);
  }
  return value;
}

absl::StatusOr<Epochs> Epochs::Decode(std::string_view value) {
  std::vector<EpochStart> starts;
  EpochStart start;
  while (TakeU64(value, start.epoch) && TakeU64(value, start.first)) {
    if (start.epoch == 0 || start.first == 0 ||
        (!starts.empty() && start.first < starts.back().first)) {
      starts.clear();
      break;
    }
    starts.push_back(start);
  }
  if (!value.empty() || starts.empty()) {
    return absl::DataLossError("the log's own record of its epochs cannot be read");
  }
  return Epochs(std::move(starts));
}

Epoch NewEpoch() {
  constexpr Epoch kMask = (Epoch{1} << 48) - 1;
  std::random_device device;
  Epoch epoch = 0;
  while (epoch == 0) {
    epoch = (Epoch{device()} << 32 | device()) & kMask;
  }
  return epoch;
}

}  // namespace tocsin::hub
