#include "cli/incidents/incident_checker.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/hub_call.h"
#include "cli/incidents/history_check.h"
#include "core/event/cursor.h"

namespace tocsin::cli {
namespace {

constexpr uint32_t kEventsACall = 1'000;
// How often an incident is read again because an event came meanwhile.
constexpr int kReadings = 3;

grpc::Status TooMany() {
  return {grpc::StatusCode::RESOURCE_EXHAUSTED,
          absl::StrCat("more than ", IncidentCheck::kMost,
                       " incidents are more than one check holds in memory")};
}

}  // namespace

grpc::Status IncidentChecker::Run() {
  for (const auto step :
       {&IncidentChecker::ReadStatus, &IncidentChecker::ReadSnapshot, &IncidentChecker::ReadLog,
        &IncidentChecker::TellDiffering, &IncidentChecker::CheckHistories}) {
    if (grpc::Status status = (this->*step)(); !status.ok()) return status;
  }
  return grpc::Status::OK;
}

grpc::Status IncidentChecker::ReadStatus() {
  v1::GetStatusResponse status;
  grpc::Status call =
      CallHub(globals_, &v1::EventHub::Stub::GetStatus, v1::GetStatusRequest(), status);
  check_ = IncidentCheck(status.store() != "memory");
  return call;
}

grpc::Status IncidentChecker::ReadSnapshot() {
  const std::unique_ptr<v1::EventHub::Stub> hub = v1::EventHub::NewStub(OpenChannel(globals_));
  rpc::HubContext context(globals_.token);
  v1::SubscribeRequest request;
  request.set_snapshot(true);
  request.set_label("incidents check");
  const auto stream = hub->Subscribe(&context, request);
  v1::SubscribeResponse response;
  bool whole = false;
  while (!whole && !check_.overflown() && stream->Read(&response)) {
    for (const v1::Incident& incident : response.snapshot().incidents()) check_.Keep(incident);
    if (!response.cursor().empty()) report_.cursor = response.cursor();
    whole = response.snapshot().kind() == v1::SnapshotMark::KIND_LAST;
  }
  context.TryCancel();
  const grpc::Status end = stream->Finish();
  if (check_.overflown()) return TooMany();
  const absl::StatusOr<Cursor> place = ParseCursor(report_.cursor);
  if (!whole || !place.ok()) return end;
  place_ = place->sequence;
  return grpc::Status::OK;
}

grpc::Status IncidentChecker::ReadLog() {
  grpc::Status status =
      ReadEvents("", report_.cursor, [this](const v1::Event& event) { check_.Take(event); });
  report_.events = check_.events();
  report_.incidents = check_.Compare();
  return status;
}

// As both say now.
grpc::Status IncidentChecker::TellDiffering() {
  const std::vector<std::string>& ids = report_.incidents.differing;
  for (size_t i = 0; i < std::min(ids.size(), CheckReport::kTold); ++i) {
    std::vector<IncidentDifference> found;
    if (grpc::Status status = ReadDifferences(ids[i], found); !status.ok()) return status;
    if (found.empty()) found.push_back({ids[i], "incident", "agrees by now", "agrees by now"});
    report_.differences.insert(report_.differences.end(), found.begin(), found.end());
  }
  return grpc::Status::OK;
}

grpc::Status IncidentChecker::ReadDifferences(const std::string& id,
                                              std::vector<IncidentDifference>& found) {
  std::optional<v1::GetIncidentResponse> kept;
  if (grpc::Status status = Get(id, kept); !status.ok()) return status;
  v1::Incident logged;
  grpc::Status status = ReadEvents(id, kept ? kept->cursor() : report_.cursor,
                                   [&](const v1::Event& event) { logged = event.incident(); });
  found = FieldDifferences(id, kept ? &kept->incident() : nullptr,
                           logged.id().empty() ? nullptr : &logged);
  return status;
}

grpc::Status IncidentChecker::CheckHistories() {
  const std::vector<std::string>& ids = report_.incidents.equal;
  const size_t count = std::min(histories_, ids.size());
  for (size_t i = 0; i < count; ++i) {
    if (grpc::Status status = CheckHistory(ids[i * ids.size() / count]); !status.ok()) {
      return status;
    }
  }
  return grpc::Status::OK;
}

grpc::Status IncidentChecker::CheckHistory(const std::string& id) {
  std::optional<v1::GetIncidentResponse> kept;
  if (grpc::Status status = GetAtRest(id, kept); !status.ok() || !kept) return status;
  const std::string cursor = kept->cursor();
  HistoryCheck history(*std::move(kept), place_, check_.EventsOf(id));
  grpc::Status status =
      ReadEvents(id, cursor, [&](const v1::Event& event) { history.Take(event); });
  const std::vector<IncidentDifference> found = history.Compare();
  bool trimmed = false;
  if (status.ok() && !found.empty()) status = WasTrimmed(id, trimmed);
  if (!status.ok() || trimmed) return status;
  ++report_.histories;
  if (!found.empty() && ++report_.histories_differing <= CheckReport::kTold) {
    report_.differences.insert(report_.differences.end(), found.begin(), found.end());
  }
  return grpc::Status::OK;
}

grpc::Status IncidentChecker::ReadEvents(const std::string& incident_id, const std::string& to,
                                         const std::function<void(const v1::Event&)>& take) {
  v1::ListEventsRequest request;
  request.set_from("earliest");
  request.set_to(to);
  request.set_limit(kEventsACall);
  if (!incident_id.empty()) request.mutable_filter()->add_incident_ids(incident_id);
  v1::ListEventsResponse response;
  do {
    grpc::Status status = CallHub(globals_, &v1::EventHub::Stub::ListEvents, request, response);
    if (!status.ok()) return status;
    for (const v1::Event& event : response.events()) take(event);
    request.set_page_token(response.next_page_token());
    if (check_.overflown()) return TooMany();
  } while (!request.page_token().empty());
  return grpc::Status::OK;
}

grpc::Status IncidentChecker::Get(const std::string& id,
                                  std::optional<v1::GetIncidentResponse>& kept) {
  v1::GetIncidentRequest request;
  request.set_incident_id(id);
  grpc::Status status =
      CallHub(globals_, &v1::EventHub::Stub::GetIncident, request, kept.emplace());
  if (!status.ok()) kept.reset();
  return status.error_code() == grpc::StatusCode::NOT_FOUND ? grpc::Status::OK : status;
}

// The hub reads an incident and its history one after the other: they fit together when no event
// came until after the answer.
grpc::Status IncidentChecker::GetAtRest(const std::string& id,
                                        std::optional<v1::GetIncidentResponse>& kept) {
  std::optional<v1::GetIncidentResponse> before;
  grpc::Status status = Get(id, before);
  for (int i = 0; i < kReadings && status.ok() && before; ++i) {
    std::optional<v1::GetIncidentResponse> after;
    status = Get(id, after);
    if (after && after->sequence() == before->sequence()) {
      kept = std::move(before);
      return status;
    }
    before = std::move(after);
  }
  return status;
}

grpc::Status IncidentChecker::WasTrimmed(const std::string& id, bool& trimmed) {
  v1::GetStatusResponse response;
  grpc::Status status =
      CallHub(globals_, &v1::EventHub::Stub::GetStatus, v1::GetStatusRequest(), response);
  trimmed = response.first_sequence() > check_.EventsOf(id).first;
  return status;
}

}  // namespace tocsin::cli
