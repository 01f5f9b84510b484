// time_proto.h: absl::Time and google.protobuf.Timestamp, in microseconds.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include "absl/time/time.h"

namespace tocsin {

// What is finer than a microsecond is cut off, here and in JSON alike.
inline void SetTimestamp(google::protobuf::Timestamp& timestamp, absl::Time time) {
  constexpr int64_t kSecond = 1'000'000;
  const int64_t micros = absl::ToUnixMicros(time);
  const int64_t rest = (micros % kSecond + kSecond) % kSecond;
  timestamp.set_seconds((micros - rest) / kSecond);
  timestamp.set_nanos(static_cast<int32_t>(rest * 1000));
}

inline absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

}  // namespace tocsin
