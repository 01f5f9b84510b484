#include "hub/log/log_marks.h"

#include <algorithm>

#include "hub/log/log_codec.h"

namespace tocsin::hub {
namespace {

// The last of the marks for which `holds` is true (it is true for a prefix of them), or the base.
template <typename Predicate>
LogMark LastWhere(const LogMark& base, const std::deque<LogMark>& marks, Predicate holds) {
  const auto end = std::partition_point(marks.begin(), marks.end(), holds);
  return end == marks.begin() ? base : *std::prev(end);
}

}  // namespace

std::string EncodeMark(const LogMark& mark) {
  std::string value;
  PutU64(value, mark.bytes);
  PutU64(value, static_cast<uint64_t>(absl::ToUnixMicros(mark.time)));
  return value;
}

absl::StatusOr<LogMark> DecodeMark(Sequence sequence, std::string_view value) {
  LogMark mark{.sequence = sequence};
  uint64_t micros = 0;
  if (!TakeU64(value, mark.bytes) || !TakeU64(value, micros) || !value.empty()) {
    return absl::DataLossError("a mark of the log cannot be read");
  }
  mark.time = absl::FromUnixMicros(static_cast<int64_t>(micros));
  return mark;
}

void LogMarks::SetBase(const LogMark& base) {
  base_ = base;
  while (!marks_.empty() && marks_.front().sequence <= base.sequence) {
    marks_.pop_front();
  }
}

LogMark LogMarks::AtOrBefore(Sequence sequence) const {
  return LastWhere(base_, marks_, [&](const LogMark& mark) { return mark.sequence <= sequence; });
}

std::vector<Sequence> LogMarks::UpTo(Sequence sequence) const {
  std::vector<Sequence> sequences;
  for (const LogMark& mark : marks_) {
    if (mark.sequence > sequence) {
      break;
    }
    sequences.push_back(mark.sequence);
  }
  return sequences;
}

LogMark LogMarks::BeforeTime(absl::Time time) const {
  return LastWhere(base_, marks_, [&](const LogMark& mark) { return mark.time < time; });
}

LogMark LogMarks::BelowBytes(uint64_t bytes) const {
  return LastWhere(base_, marks_, [&](const LogMark& mark) { return mark.bytes < bytes; });
}

}  // namespace tocsin::hub
