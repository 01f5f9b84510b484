// limits.h: every bound of the contract, with its unit and where the number comes from.
//
// The numbers are defaults; those that a user may set are options of the programs
// (docs/configuration.md).
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace tocsin::limits {

inline constexpr size_t kKiB = 1024;
inline constexpr size_t kMiB = 1024 * kKiB;

// From a client (docs/protocol.md, section 8).
inline constexpr size_t kClientMessageBytes = 64 * kKiB;
inline constexpr size_t kJsonDepth = 32;
inline constexpr size_t kSubscriptionsPerConnection = 128;
inline constexpr size_t kSubscriptionIdChars = 128;
inline constexpr size_t kMessagesPerSecond = 100;
inline constexpr size_t kMessageBurst = 200;
inline constexpr size_t kConnectionsPerAddress = 100;
inline constexpr size_t kConnections = 20'000;
inline constexpr size_t kUnauthenticatedConnections = 1'000;
inline constexpr absl::Duration kHeaderReadTimeout = absl::Seconds(5);
inline constexpr absl::Duration kTlsHandshakeTimeout = absl::Seconds(5);
// A token, where one is due and the handshake brought none.
inline constexpr absl::Duration kFirstMessageTimeout = absl::Seconds(10);
// HTTP. A body may come slowly, but not for ever, and not with long silence in it.
inline constexpr absl::Duration kBodyReadTimeout = absl::Seconds(60);
inline constexpr absl::Duration kBodySilence = absl::Seconds(10);
inline constexpr absl::Duration kHandlerTimeout = absl::Seconds(30);
// Between requests of one connection; above the 60 s for which proxies commonly keep one, so that
// theirs is the side that closes.
inline constexpr absl::Duration kKeepAlive = absl::Seconds(75);
// Request bodies that are being received or handled, in all: 64 of the largest publishes.
inline constexpr size_t kRequestBodiesBytes = 256 * kMiB;
inline constexpr size_t kFilterValues = 1'000;     // in one field
inline constexpr size_t kFilterBytes = 16 * kKiB;  // in one filter, all values together
// In one subscription beside its own filter: a permission or two.
inline constexpr size_t kRequiredFilters = 8;
inline constexpr size_t kSubscriberLabelChars = 64;  // a label names a metric series: keep it short

// To a client.
inline constexpr size_t kPendingMessages = 1'000;
inline constexpr size_t kPendingBytes = kMiB;
inline constexpr size_t kRecentEvents = 10'000;
inline constexpr size_t kRecentBytes = 64 * kMiB;
inline constexpr absl::Duration kStuckAfter = absl::Seconds(10);
inline constexpr absl::Duration kBookmarkInterval = absl::Seconds(15);
inline constexpr absl::Duration kMinBookmarkInterval = absl::Milliseconds(100);
inline constexpr absl::Duration kHeartbeatInterval = absl::Seconds(30);
inline constexpr absl::Duration kSessionTimeout = absl::Minutes(5);

// One write (measured: docs/benchmarks.md): more bytes gain nothing, more events delay the others.
inline constexpr size_t kWriteBytes = 64 * kKiB;
inline constexpr size_t kWriteEvents = 256;
// One slice of a replay from the log: several writes, as the thread that reads and the one that
// sends take turns.
inline constexpr size_t kReplayBytes = 3 * kWriteBytes;
inline constexpr size_t kReplayEvents = 3 * kWriteEvents;
// Streams that were written to within this time wait for its end, so that a moderate rate batches
// too.
inline constexpr absl::Duration kHotTick = absl::Milliseconds(1);

// A snapshot of the incidents that match. A part is some 400 incidents of the usual 600 bytes: few
// enough that live events behind it on the same connection wait for milliseconds, many enough that
// 100,000 incidents are 250 messages. One incident more may go past the bytes.
inline constexpr size_t kSnapshotPartBytes = 256 * kKiB;
inline constexpr size_t kSnapshotPartIncidents = 1'000;
// From its beginning to its last part: so long is kept what the incidents were at its place.
// 100,000 incidents reach a client of 8 Mbit/s in it.
inline constexpr absl::Duration kSnapshotTime = absl::Minutes(2);

// Publishing.
inline constexpr size_t kEventBytes = kMiB;
inline constexpr size_t kPublishEvents = 1'000;
inline constexpr size_t kPublishBytes = 4 * kMiB;
// With what the hub adds: an event given by its incident's id takes the whole incident in. One
// event stays well under the 4 MiB that a gRPC client receives at most unless told otherwise.
inline constexpr size_t kCompletedEventBytes = 2 * kMiB;
inline constexpr size_t kCompletedPublishBytes = 16 * kMiB;
// The last events of the log that are explained at a time.
inline constexpr size_t kExplainEvents = 1'000;
inline constexpr size_t kSourceChars = 255;
inline constexpr size_t kTitleChars = 500;
inline constexpr size_t kFingerprintChars = 512;
inline constexpr absl::Duration kDedupWindow = absl::Minutes(10);
inline constexpr size_t kDedupIds = 1'000'000;
inline constexpr absl::Duration kOverIncidentAge = absl::Hours(90 * 24);
// Alerts in one SubmitAlerts, whose bytes in all are those of a Publish.
inline constexpr size_t kSubmitAlerts = 1'000;
// How long a firing alert lasts that nobody reports again, where its sender does not say: what
// Alertmanager takes by default.
inline constexpr absl::Duration kAlertResolveTimeout = absl::Minutes(5);

}  // namespace tocsin::limits
