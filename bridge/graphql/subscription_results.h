// subscription_results.h: the results that a subscription is told, whole: with the extensions that
// say where to go on, what is missing, and where a snapshot begins and ends. Transports put their
// own frames around them.
//
// Shape:   appended to a text. Only the end of a snapshot has a cursor: a client that breaks off
//          before it begins anew. The first result of a snapshot says that it is the first, because
//          one that was broken off by the hub's end is told anew.
// Threads: pure; those of a snapshot are called on the thread that reads it.
// Source:  docs/protocol.md, section 6
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/graphql/subscription.h"
#include "core/event/cursor.h"

namespace tocsin::bridge::graphql {

// Closes what Subscription::Tell and its like have appended.
void CloseResultAt(std::string& out, const tocsin::Place& place);

// `to`: where it goes on.
void AppendGapResult(std::string& out, const Gap& gap, const tocsin::Place& to);

// `incident` is an encoded v1.Incident; DATA_LOSS when it is damaged, and nothing is appended.
absl::Status AppendSnapshotResult(std::string& out, const Subscription& subscription,
                                  std::string_view incident, bool first, absl::Time now);
void AppendSnapshotEnd(std::string& out, const Subscription& subscription, const Cursor& place,
                       bool first, absl::Time now);

}  // namespace tocsin::bridge::graphql
