// subscription.h: a GraphQL subscription, as the engine and the transports see it: which events it
// is for, and what is told of each.
//
// Shape:   planned once from a prepared operation. Tell appends the execution result without its
//          last bracket, so that a transport can put `extensions` after it:
//          {"data":{"newIncidents":{…}}. Two subscriptions with the same form() tell the same of
//          every event, so that one rendering serves all of them.
// Threads: const; may be shared by threads.
// Owns:    its plan.
// Errors:  Plan: BAD_USER_INPUT, naming the argument. Tell: an event that is damaged is DATA_LOSS,
//          and nothing is appended.
// Source:  docs/protocol.md, section 6
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/graphql/request.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "core/event/record.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::bridge::graphql {

class Subscription {
 public:
  // `prepared` is a subscription. Its single root field decides.
  static std::variant<std::shared_ptr<const Subscription>, Errors> Plan(
      std::shared_ptr<const Prepared> prepared);
  virtual ~Subscription() = default;

  virtual const FilterPtr& filter() const = 0;
  // extensions.resumeFrom, or the argument of `events`; nothing: the present end.
  virtual const std::optional<StartPoint>& from() const = 0;
  // First the incidents that match now; then changes, and what leaves.
  virtual bool snapshot() const = 0;
  // incidentUpdates: an idle one is told HEARTBEAT.
  virtual bool heartbeat() const = 0;
  virtual std::string_view form() const = 0;

  // False: this subscription tells nothing of that event (an update that changed no state).
  virtual absl::StatusOr<bool> Tell(std::string& out, const EventRecord& event) const = 0;
  // Of incidentUpdates only.
  virtual absl::StatusOr<bool> TellLeft(std::string& out, const EventRecord& event) const = 0;
  virtual void TellSnapshot(std::string& out, const v1::Incident& incident,
                            absl::Time now) const = 0;
  virtual void TellSnapshotEnd(std::string& out, absl::Time now) const = 0;
  virtual void TellHeartbeat(std::string& out, absl::Time now) const = 0;
};

}  // namespace tocsin::bridge::graphql
