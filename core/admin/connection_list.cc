#include "core/admin/connection_list.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/admin/closed_sessions.h"
#include "core/admin/shard_question.h"
#include "core/event/time_proto.h"

namespace tocsin {
namespace {

void FillPlaces(const SubscriberReport& report, Clock& clock, v1::Connection& connection) {
  connection.set_subscriptions(static_cast<uint32_t>(report.subscriptions.size()));
  for (const SubscriptionReport& each : report.subscriptions) {
    connection.set_subscriptions_behind(connection.subscriptions_behind() + (each.live ? 0 : 1));
    connection.set_behind(std::max<uint64_t>(connection.behind(), each.behind));
  }
  if (report.sent.ordinary.epoch != 0) {
    connection.set_last_cursor(FormatPlace(report.sent));
    SetTimestamp(*connection.mutable_last_sent_at(),
                 clock.Now() - (clock.Monotonic() - report.sent_at));
  }
  connection.set_waiting_bytes(report.waiting_bytes);
}

v1::Connection Describe(const Shard& shard, Clock& clock, const LiveSession& session,
                        SessionFace face) {
  v1::Connection connection;
  connection.set_id(session.session_id());
  connection.set_subject(SubjectNameOf(session));
  connection.set_address(std::move(face.address));
  connection.set_transport(std::string(face.transport));
  connection.set_label(std::string(face.label));
  SetTimestamp(*connection.mutable_since(), face.since);
  if (const auto report = shard.Report(face.subscriber)) {
    FillPlaces(*report, clock, connection);
  }
  return connection;
}

bool IsAskedFor(const v1::ListConnectionsRequest& request, const LiveSession& session,
                const SessionFace& face) {
  return (request.subject().empty() || SubjectNameOf(session) == request.subject()) &&
         (request.transport().empty() || face.transport == request.transport());
}

}  // namespace

v1::ListConnectionsResponse ListConnections(const std::vector<Shard*>& shards, Clock& clock,
                                            const v1::ListConnectionsRequest& request) {
  v1::ListConnectionsResponse response;
  std::vector<v1::Connection> found;
  const size_t most = size_t{request.page_size()} + 1;  // one more tells that there are more
  const size_t silent = AskShards(shards, kShardAnswersWithin, [&](Shard& shard) {
    size_t here = 0;
    for (const auto& [id, session] : shard.sessions().by_id()) {
      SessionFace face = session->Face();
      if (!IsAskedFor(request, *session, face)) {
        continue;
      }
      response.set_total(response.total() + 1);
      if (id > request.page_token() && here < most) {
        found.push_back(Describe(shard, clock, *session, std::move(face)));
        ++here;
      }
    }
  });
  response.set_silent_threads(static_cast<uint32_t>(silent));
  std::ranges::sort(found, {}, [](const v1::Connection& each) { return each.id(); });
  if (found.size() > request.page_size()) {
    found.resize(request.page_size());
    response.set_next_page_token(found.back().id());
  }
  for (v1::Connection& connection : found) {
    *response.add_connections() = std::move(connection);
  }
  return response;
}

}  // namespace tocsin
