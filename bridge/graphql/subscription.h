// subscription.h: a GraphQL subscription, as the engine and the transports see it: which events it
// is for, and what is told of each.
//
// Shape:   planned once from a prepared operation, which it does not keep. Tell appends the
//          execution result without its last bracket, so that a transport can put `extensions`
//          after it: {"data":{"newIncidents":{…}}. Two subscriptions with the same form() tell the
//          same of every event, so that one rendering serves all of them. What is told is a
//          message: EventMessages has it of an event, parsed once for all the subscriptions of a
//          worker, and says which event is damaged.
// Threads: const; may be shared by threads.
// Owns:    its plan.
// Errors:  Plan: BAD_USER_INPUT, naming the argument. Tell cannot fail: what an event cannot give
//          is in the result's `errors`.
// Source:  docs/protocol.md, section 6
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/time/time.h"
#include "bridge/graphql/request.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge::graphql {

class Subscription {
 public:
  // `prepared` is a subscription. Its single root field decides.
  static std::variant<std::shared_ptr<const Subscription>, Errors> Plan(const Prepared& prepared);
  virtual ~Subscription() = default;

  // It tells no leaves by itself: where leaves() says so, whoever subscribes asks for them too.
  virtual const FilterPtr& filter() const = 0;
  // extensions.resumeFrom, or the argument of `events`; nothing: the present end.
  virtual const std::optional<StartPoint>& from() const = 0;
  // First the incidents that match now; then changes, and what leaves. False where the client
  // resumes: it has had its snapshot, since no cursor is told before the end of it.
  virtual bool snapshot() const = 0;
  // What leaves is told: of a snapshot, and of its resumes.
  virtual bool leaves() const = 0;
  // incidentUpdates: an idle one is told HEARTBEAT.
  virtual bool heartbeat() const = 0;
  virtual std::string_view form() const = 0;

  // False: this subscription tells nothing of that event (an update that changed no state), and
  // nothing is appended.
  virtual bool Tell(std::string& out, const v1::Event& event) const = 0;
  // Of incidentUpdates only: the incident of the event has left the set. Where it is not `seen`,
  // only its id is told.
  virtual void TellLeft(std::string& out, const v1::Event& event, bool seen) const = 0;
  virtual void TellSnapshot(std::string& out, const v1::Incident& incident,
                            absl::Time now) const = 0;
  virtual void TellSnapshotEnd(std::string& out, absl::Time now) const = 0;
  virtual void TellHeartbeat(std::string& out, absl::Time now) const = 0;
};

}  // namespace tocsin::bridge::graphql
