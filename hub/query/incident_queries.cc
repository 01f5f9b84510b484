#include "hub/query/incident_queries.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/facts.h"
#include "core/event/limits.h"
#include "core/event/names.h"
#include "core/event/text.h"
#include "core/event/uuid.h"
#include "core/event/wire.h"
#include "hub/log/log_codec.h"
#include "hub/query/page_token.h"

namespace tocsin::hub {
namespace {

// Rows that are put into the index at a time while it is loaded: some 2 ms.
constexpr size_t kLoadedAtATime = 2'048;
constexpr size_t kPrefetchedRows = 4;
constexpr size_t kWakeEvents = IncidentQueries::kEnoughWaiting;

absl::Status NotFound(std::string_view id) {
  return MakeError(ErrorCode::kNotFound,
                   absl::StrCat("incident_id: no incident ", ToAbsl(id), " is known"),
                   {.field = "incident_id"});
}

absl::Status PageTooLarge(size_t fit) {
  return FieldError(ErrorCode::kMessageTooLarge, "page_size",
                    "asks for more incidents than one answer has room for",
                    {absl::StrCat("1 to ", fit, " here")});
}

// One answer of GetIncident stays below the 4 MiB that gRPC's clients take: the incident itself (an
// event of at most 1 MiB brought it), its timeline and notes, and its alerts have these shares.
constexpr size_t kHistoryAnswerBytes = 1'536 * limits::kKiB;
constexpr size_t kAlertBytes = limits::kMiB;

// Removes the oldest entries, of which the list keeps the newest that fit into `room`. Takes from
// the room what they need.
template <typename Entries>
void KeepNewest(Entries& entries, size_t& room) {
  int first = entries.size();
  for (; first > 0 && entries[first - 1].ByteSizeLong() <= room; --first) {
    room -= entries[first - 1].ByteSizeLong();
  }
  entries.DeleteSubrange(0, first);
}

// An entry of a type that has no name here is of none that may pass.
bool MatchesType(const Filter& filter, const v1::TimelineEntry& entry) {
  const auto type = EnumNumber(*v1::EventType_descriptor(), entry.event_type());
  return type.has_value() && filter.MatchesType(static_cast<v1::EventType>(*type));
}

// Leaves out what events brought that the filter does not let through.
void KeepTypes(const Filter& filter, v1::Incident& history) {
  if (filter.masks().types == EnumMasks::kAll || Planted("history-of-all-types")) {
    return;
  }
  if (!filter.MatchesType(v1::EVENT_TYPE_COMMENT_ADDED)) {
    history.clear_notes();
  }
  auto& timeline = *history.mutable_timeline();
  timeline.erase(
      std::remove_if(timeline.begin(), timeline.end(),
                     [&](const v1::TimelineEntry& entry) { return !MatchesType(filter, entry); }),
      timeline.end());
}

// Notes before the timeline: people wrote them.
void AddHistory(v1::Incident history, v1::Incident& incident) {
  size_t room = kHistoryAnswerBytes;
  KeepNewest(*history.mutable_notes(), room);
  KeepNewest(*history.mutable_timeline(), room);
  incident.MergeFrom(history);
}

// The open ones first, then the others; of each the newest first. They stop at kAlertBytes.
void AddAlerts(std::vector<AlertRow> rows, v1::Incident& incident) {
  std::sort(rows.begin(), rows.end(), [](const AlertRow& a, const AlertRow& b) {
    return a.open() != b.open() ? a.open() : a.sequence > b.sequence;
  });
  size_t bytes = 0;
  for (AlertRow& row : rows) {
    bytes += row.shown.ByteSizeLong();
    if (bytes > kAlertBytes) {
      break;
    }
    *incident.add_alerts() = std::move(row.shown);
  }
}

// What the next page must be asked with.
std::string QueryText(const IncidentListing& listing) {
  return absl::StrCat("incidents ", static_cast<int>(listing.ordering.by), " ",
                      listing.ordering.ascending ? "asc " : "desc ", listing.filter->key());
}

struct Place {
  Cursor as_of;  // where the first page stood
  IncidentOrderKey last;
};

std::string EncodePlace(const Place& place) {
  std::string bytes;
  PutU64(bytes, place.as_of.epoch);
  PutU64(bytes, place.as_of.sequence);
  PutU64(bytes, static_cast<uint64_t>(place.last.first));
  PutU64(bytes, static_cast<uint64_t>(place.last.second));
  bytes.append(place.last.id.data(), place.last.id.size());
  return bytes;
}

absl::StatusOr<Place> DecodePlace(std::string_view bytes) {
  Place place;
  uint64_t first = 0;
  uint64_t second = 0;
  if (!TakeU64(bytes, place.as_of.epoch) || !TakeU64(bytes, place.as_of.sequence) ||
      !TakeU64(bytes, first) || !TakeU64(bytes, second) || bytes.size() != place.last.id.size()) {
    return PageTokenError();
  }
  place.last.first = static_cast<int64_t>(first);
  place.last.second = static_cast<int64_t>(second);
  std::copy(bytes.begin(), bytes.end(), place.last.id.begin());
  return place;
}

}  // namespace

bool Matches(const Filter& filter, const v1::Incident& incident) {
  v1::Event event;
  *event.mutable_incident() = incident;
  return filter.MatchesIncident(EventFacts::Of(event));
}

IncidentQueries::~IncidentQueries() { Stop(); }

void IncidentQueries::Begin() {
  MutexLock lock(index_mutex_);
  place_ = log_.extent().latest;
}

void IncidentQueries::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "incidents");
}

void IncidentQueries::Stop() {
  {
    MutexLock lock(waiting_mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) {
    thread_.join();
  }
}

// ---- following the log ----

void IncidentQueries::OnCommit(CommitPtr commit) {
  const size_t events = commit->events.size();
  Hear({std::move(commit), {}}, events);
}

void IncidentQueries::OnForgotten(std::vector<std::string> incidents) {
  Hear({nullptr, std::move(incidents)}, 1);
}

void IncidentQueries::Hear(Heard heard, size_t events) {
  size_t before = 0;
  size_t waiting = 0;
  {
    MutexLock lock(waiting_mutex_);
    waiting_.push_back(std::move(heard));
    before = waiting_events_;
    waiting = waiting_events_ += events;
  }
  if (waiting > kMostWaiting) {
    MutexLock lock(index_mutex_);
    TakeIn();
  } else if (before < kWakeEvents && waiting >= kWakeEvents) {
    changed_.NotifyOne();
  }
}

// Whoever takes in takes all: so commits are taken in in their order.
void IncidentQueries::TakeIn() {
  std::vector<Heard> waiting;
  {
    MutexLock lock(waiting_mutex_);
    waiting.swap(waiting_);
    waiting_events_ = 0;
  }
  for (const Heard& heard : waiting) {
    Take(heard);
  }
}

void IncidentQueries::Take(const Heard& heard) {
  for (const std::string& id : heard.forgotten) {
    const PackedUuid packed = PackUuid(id).value_or(PackedUuid{});
    index_.Forget(packed);
    if (!loaded_) {
      forgotten_.insert(packed);
    }
  }
  if (heard.commit == nullptr) {
    return;
  }
  for (const IncidentChange& change : heard.commit->incidents) {
    if (const auto row = RowOf(change.after->core, change.after->last_sequence)) {
      index_.Put(*row);
    }
  }
  place_ = heard.commit->events.back()->cursor;
}

void IncidentQueries::Run() {
  Load();
  while (true) {
    {
      MutexLock lock(waiting_mutex_);
      while (!stopping_ && waiting_events_ < kWakeEvents) {
        changed_.Wait(waiting_mutex_);
      }
      if (stopping_) {
        return;
      }
    }
    MutexLock lock(index_mutex_);
    TakeIn();
  }
}

// An incident that is in the index already came with a commit, and the table had nothing newer.
void IncidentQueries::LoadRows(std::vector<IncidentRow>& rows) {
  MutexLock lock(index_mutex_);
  TakeIn();
  for (size_t i = 0; i < rows.size(); ++i) {
    index_.Prefetch(rows[std::min(i + kPrefetchedRows, rows.size() - 1)]);
    const IncidentRow& row = rows[i];
    if (!index_.Has(row.id) && !forgotten_.contains(row.id)) {
      index_.Put(row);
    }
  }
  rows.clear();
}

void IncidentQueries::Load() {
  std::vector<IncidentRow> rows;
  size_t unreadable = 0;
  absl::Status scanned = log_.ScanIncidents([&](const StoredIncident& incident) {
    if (auto row = RowOf(incident.core, incident.last_sequence)) {
      rows.push_back(*std::move(row));
    } else {
      ++unreadable;
    }
    if (rows.size() < kLoadedAtATime) {
      return true;
    }
    LoadRows(rows);
    MutexLock lock(waiting_mutex_);
    return !stopping_;
  });
  LoadRows(rows);
  if (scanned.ok() && unreadable > 0) {
    scanned = absl::DataLossError(absl::StrCat(unreadable, " incidents cannot be read"));
  }
  if (!scanned.ok()) {
    LogError("the incident table cannot be read whole; lists of incidents are refused",
             {{"error", scanned}});
  }
  {
    MutexLock lock(index_mutex_);
    loaded_ = true;
    load_error_ = scanned;
    forgotten_ = {};
  }
  on_loaded_();
}

// ---- queries ----

absl::StatusOr<v1::GetIncidentResponse> IncidentQueries::Get(const IncidentLookup& lookup) const {
  ASSIGN_OR_RETURN(const IncidentPtr state, log_.GetIncident(lookup.id));
  if (state == nullptr) {
    return NotFound(lookup.id);
  }
  v1::GetIncidentResponse response;
  *response.mutable_incident() = state->Parse();
  if (!Matches(*lookup.require, response.incident())) {
    return NotFound(lookup.id);
  }
  RETURN_IF_ERROR(ReadHistory(*lookup.require, *response.mutable_incident()));
  response.set_sequence(state->last_sequence);
  response.set_cursor(FormatCursor(log_.epochs().PlaceAfter(state->last_sequence)));
  return response;
}

absl::Status IncidentQueries::ReadHistory(const Filter& filter, v1::Incident& incident) const {
  ASSIGN_OR_RETURN(v1::Incident history, log_.ReadHistory(incident.id()));
  KeepTypes(filter, history);
  AddHistory(std::move(history), incident);
  if (!filter.MatchesType(v1::EVENT_TYPE_ALERT_RECEIVED) &&
      !filter.MatchesType(v1::EVENT_TYPE_ALERT_CONVERTED)) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(std::vector<AlertRow> alerts, log_.ReadAlerts(incident.id()));
  AddAlerts(std::move(alerts), incident);
  return absl::OkStatus();
}

absl::StatusOr<v1::ListIncidentsResponse> IncidentQueries::List(const IncidentListing& listing) {
  const std::string query_text = QueryText(listing);
  ASSIGN_OR_RETURN(const Selected selected, Select(listing, query_text));
  v1::ListIncidentsResponse response;
  RETURN_IF_ERROR(Fill(selected, listing, query_text, response));
  response.set_total(selected.selection.total);
  response.set_cursor(FormatCursor(selected.as_of));
  return response;
}

absl::StatusOr<IncidentQueries::Selected> IncidentQueries::Select(const IncidentListing& listing,
                                                                  std::string_view query_text) {
  IncidentQuery query{.filter = listing.filter,
                      .ordering = listing.ordering,
                      .skip = listing.skip,
                      .limit = listing.page_size};
  Selected selected;
  if (!listing.page_token.empty()) {
    ASSIGN_OR_RETURN(const std::string bytes, OpenPageToken(listing.page_token, query_text));
    ASSIGN_OR_RETURN(const Place place, DecodePlace(bytes));
    query.after = place.last;
    query.as_of = place.as_of.sequence;
    selected.as_of = place.as_of;
  }
  MutexLock lock(index_mutex_);
  RETURN_IF_ERROR(load_error_);
  TakeIn();
  selected.selection = index_.Select(query);
  if (!query.after) {
    selected.as_of = place_;
  }
  return selected;
}

// The list is as it stands at one place, so that the events after the place complete it. Where an
// event has changed an incident since then, the event that had changed it last before carries it as
// it stood. Nothing when that event is no longer held, or the incident is no longer known.
absl::StatusOr<std::optional<v1::Incident>> IncidentQueries::AsSelected(
    const IncidentSelection::Entry& entry) const {
  ASSIGN_OR_RETURN(const IncidentPtr state, log_.GetIncident(UnpackUuid(entry.key.id)));
  if (state == nullptr) {
    return std::nullopt;
  }
  if (state->last_sequence == entry.last_sequence) {
    return state->Parse();
  }
  const auto read = log_.Read(entry.last_sequence - 1, 1, 1);
  if (!read.ok() && ErrorCodeOf(read.status()) == ErrorCode::kCursorExpired) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(read.status());
  if (read->empty() || read->front()->cursor.sequence != entry.last_sequence) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(v1::Event event, DecodeEventField(read->front()->payload));
  return std::move(*event.mutable_incident());
}

absl::Status IncidentQueries::Fill(const Selected& selected, const IncidentListing& listing,
                                   std::string_view query_text,
                                   v1::ListIncidentsResponse& response) const {
  const auto& entries = selected.selection.entries;
  size_t bytes = 0;
  size_t taken = 0;
  for (; taken < entries.size() && bytes < kPageBytes; ++taken) {
    ASSIGN_OR_RETURN(std::optional<v1::Incident> incident, AsSelected(entries[taken]));
    if (!incident.has_value()) {
      continue;
    }
    if (listing.with_history) {
      RETURN_IF_ERROR(ReadHistory(*listing.filter, *incident));
    }
    const size_t size = incident->ByteSizeLong();
    if (listing.with_history && bytes > 0 && bytes + size > kHistoryPageBytes) {
      break;
    }
    bytes += size;
    *response.add_incidents() = *std::move(incident);
  }
  if (listing.whole && taken < entries.size()) {
    return PageTooLarge(taken);
  }
  if (taken < entries.size() || selected.selection.more) {
    response.set_next_page_token(
        SealPageToken(EncodePlace({selected.as_of, entries[taken - 1].key}), query_text));
  }
  return absl::OkStatus();
}

IncidentCounts IncidentQueries::counts() {
  MutexLock lock(index_mutex_);
  TakeIn();
  return {.active = index_.active(),
          .over = index_.size() - index_.active(),
          .index_bytes = index_.bytes(),
          .loaded = loaded_};
}

}  // namespace tocsin::hub
