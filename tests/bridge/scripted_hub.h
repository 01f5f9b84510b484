// scripted_hub.h: what a scripted hub (tests/core/rpc_scripted_hub.h) sends to a bridge.
#pragma once

#include "core/event/cursor.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/bridge/session_fixture.h"
#include "tests/core/rpc_scripted_hub.h"

namespace tocsin::bridge::testing {

using tocsin::testing::kGone;
using tocsin::testing::ScriptedHub;
using tocsin::testing::Until;

inline Cursor At(Sequence sequence) { return {kEpoch, sequence}; }

inline v1::SubscribeResponse Response(Sequence first, Sequence last) {
  v1::SubscribeResponse response;
  for (Sequence next = first; next <= last; ++next) {
    *response.add_events() = SampleEvent(next);
  }
  response.set_cursor(FormatCursor(At(last)));
  return response;
}

// The hub's first response when it has nothing older to send: only new events follow.
inline v1::SubscribeResponse Bookmark(Sequence at) {
  v1::SubscribeResponse response = Response(at + 1, at);
  response.set_caught_up(true);
  return response;
}

// The hub's refusal of a cursor that is too old.
inline grpc::Status Expired() {
  google::rpc::ErrorInfo info;
  info.set_reason("CURSOR_EXPIRED");
  info.set_domain("tocsin");
  (*info.mutable_metadata())["earliest"] = FormatCursor(At(5));
  (*info.mutable_metadata())["latest"] = FormatCursor(At(9));
  google::rpc::Status rich;
  rich.set_code(grpc::StatusCode::OUT_OF_RANGE);
  rich.add_details()->PackFrom(info);
  return {grpc::StatusCode::OUT_OF_RANGE, "too old", rich.SerializeAsString()};
}

}  // namespace tocsin::bridge::testing
