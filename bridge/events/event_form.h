// event_form.h: a stream of events as GET /v1/events writes it (event_format.h). One for all streams
// of a worker in that format.
//
// Threads: a worker's.
// Owns:    what was rendered last; the texts of the events are the worker's.
#pragma once

#include "bridge/event_json.h"
#include "bridge/events/event_query.h"
#include "bridge/events/stream_form.h"

namespace tocsin::bridge {

class EventForm final : public StreamForm {
 public:
  EventForm(EventFormat format, EventJson& json, EventJson& left_json, const bool& hub_connected)
      : format_(format), json_(json), left_json_(left_json), hub_connected_(hub_connected) {}

  std::string_view transport() const override;
  RenderedBatch& batch() override { return batch_; }
  void AddOpening(std::string& out, absl::Duration reconnect_after) override;
  void AddPlace(std::string& out, const Place& place) override;
  void AddBookmark(std::string& out, const Place& place) override { AddPlace(out, place); }
  bool AddEvent(std::string& out, const Item& item) override;
  void AddGap(std::string& out, const Gap& gap, const Place& to) override;
  SnapshotFormPtr snapshots() const override { return JsonSnapshots(); }
  void AddSnapshotHead(std::string& out, const SnapshotMessage& message) override;
  std::string_view SnapshotEnd() const override;
  void AddProblem(std::string& out, const absl::Status& status) override;
  void AddClosing(std::string& out, absl::Duration reconnect_after, std::string_view why) override;
  void AddHeartbeat(std::string& out) override;

 private:
  const EventFormat format_;
  EventJson& json_;
  EventJson& left_json_;
  const bool& hub_connected_;
  RenderedBatch batch_;
};

}  // namespace tocsin::bridge
