// parts_form.h: a GraphQL subscription as the parts of a multipart response, for clients that cannot
// use a WebSocket.
//
// Shape:   each part is {"payload":RESULT}; one without anything to tell is {}; the last one before
//          the end is {"payload":null,"errors":[…]}. A part is followed by the next boundary at
//          once, since clients read a part when they see what ends it.
// Threads: a worker's; the snapshot's part on the thread that reads it.
// Owns:    the subscription. `shared` outlives it.
// Source:  Apollo's "Multipart HTTP protocol for GraphQL subscriptions", subscriptionSpec 1.0;
//          RFC 2046, section 5.1
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bridge/events/stream_form.h"
#include "bridge/graphql/event_messages.h"
#include "bridge/graphql/subscription.h"
#include "core/base/clock.h"

namespace tocsin::bridge::graphql {

// Of the response that has them.
inline constexpr char kPartsType[] =
    "multipart/mixed;boundary=\"graphql\";subscriptionSpec=\"1.0\"";

// What the streams of parts of one worker share.
struct PartsShared {
  Clock& clock;
  EventMessages& messages;
  RenderedBatch batch = {};
};

class PartsForm final : public StreamForm {
 public:
  PartsForm(PartsShared& shared, std::shared_ptr<const Subscription> subscription)
      : shared_(shared), subscription_(std::move(subscription)) {}

  std::string_view transport() const override { return "graphql-multipart"; }
  RenderedBatch& batch() override { return shared_.batch; }
  std::string_view key() const override { return subscription_->form(); }
  size_t MemoryBytes() const override { return sizeof(*this) + subscription_->form().size(); }

  void AddOpening(std::string& out, absl::Duration reconnect_after) override;
  void AddPlace(std::string&, const tocsin::Place&) override {}
  void AddBookmark(std::string& out, const tocsin::Place& place) override;
  bool AddEvent(std::string& out, const Item& item) override;
  void AddGap(std::string& out, const Gap& gap, const tocsin::Place& to) override;
  SnapshotFormPtr snapshots() const override;
  void AddSnapshotHead(std::string&, const SnapshotMessage&) override {}
  std::string_view SnapshotEnd() const override { return ""; }
  void AddProblem(std::string& out, const absl::Status& status) override;
  void AddClosing(std::string& out, absl::Duration reconnect_after, std::string_view why) override;
  void AddHeartbeat(std::string& out) override;

 private:
  PartsShared& shared_;
  const std::shared_ptr<const Subscription> subscription_;
};

}  // namespace tocsin::bridge::graphql
