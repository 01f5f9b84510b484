// incident_queries.h: answers what the incidents are: one by its id, and those that match a filter.
//
// Shape:   the index follows the log: commits wait until a query needs them or enough wait, and are
//          then taken in by a thread of its own; it begins by reading the incident table, once. A
//          query takes in what waits before it looks, so it knows all that was published before it.
//          What it answers is read from the log.
// Threads: OnCommit and OnForgotten on the sequencer's; Get and List on any, List once loaded. One
//          mutex over the index, held for the look-up; under it a leaf mutex over what waits.
// Owns:    index, thread, the commits that wait. The log is the caller's.
// Bounds:  kMostWaiting, after which whoever brings a commit takes it in himself.
// Errors:  NOT_FOUND, INVALID_MESSAGE for a page token; DATA_LOSS where the table cannot be read.
// Source:  docs/adr/0020-incident-index.md
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "core/event/filter.h"
#include "core/event/limits.h"
#include "hub/log/log.h"
#include "hub/query/incident_index.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

// Incidents of a page: by default, and at most.
inline constexpr size_t kPageSize = 50;
inline constexpr size_t kMostPageSize = 1'000;
// Left out before a numbered page: a client that wants more reads on by token.
inline constexpr size_t kMostSkipped = 10'000;
// A page ends after so many bytes of incidents. One more has at most 2 MiB, and the answer stays
// below the 4 MiB that a gRPC client receives unless told otherwise.
inline constexpr size_t kPageBytes = 1'792 * limits::kKiB;
// With their history each has up to 3.5 MiB, as an answer of GetIncident: a page of several ends
// before it has more than that.
inline constexpr size_t kHistoryPageBytes = 3'584 * limits::kKiB;

struct IncidentLookup {
  std::string id;
  FilterPtr require;  // else it is NOT_FOUND; its event types choose of the history
};

struct IncidentListing {
  FilterPtr filter;
  IncidentOrdering ordering;
  size_t page_size = kPageSize;
  size_t skip = 0;
  std::string page_token;
  bool with_history = false;  // timeline, notes and alerts
  bool whole = false;         // refused where the page would end early for its bytes
};

struct IncidentCounts {
  size_t active = 0;
  size_t over = 0;
  size_t index_bytes = 0;
  bool loaded = false;
};

class IncidentQueries final : public LogFollower {
 public:
  // Events that wait to be taken in: the thread is woken for so many, and more than so many do not
  // wait.
  static constexpr size_t kEnoughWaiting = 1'024;
  static constexpr size_t kMostWaiting = 65'536;

  explicit IncidentQueries(const Log& log) : log_(log) {}
  ~IncidentQueries() override;

  // Called on the index's thread once the index is loaded. Set before Start.
  void SetOnLoaded(std::function<void()> on_loaded) { on_loaded_ = std::move(on_loaded); }
  // Follows the log from here on. Before the first commit.
  void Begin();
  // Loads the index, and then takes in what comes, on a thread.
  void Start();
  void Stop();
  // What the thread does first (tests).
  void Load();

  void OnCommit(CommitPtr commit) override;
  void OnForgotten(std::vector<std::string> incidents) override;

  absl::StatusOr<v1::GetIncidentResponse> Get(const IncidentLookup& lookup) const;
  absl::StatusOr<v1::ListIncidentsResponse> List(const IncidentListing& listing);
  IncidentCounts counts();

 private:
  // One of the two.
  struct Heard {
    CommitPtr commit;
    std::vector<std::string> forgotten;
  };
  struct Selected {
    IncidentSelection selection;
    Cursor as_of;
  };

  void Hear(Heard heard, size_t events);
  void TakeIn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(index_mutex_);
  void Take(const Heard& heard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(index_mutex_);
  void LoadRows(std::vector<IncidentRow>& rows);
  void Run();
  absl::StatusOr<Selected> Select(const IncidentListing& listing, std::string_view query_text);
  absl::StatusOr<std::optional<v1::Incident>> AsSelected(
      const IncidentSelection::Entry& entry) const;
  // What the filter's event types let through.
  absl::Status ReadHistory(const Filter& filter, v1::Incident& incident) const;
  absl::Status Fill(const Selected& selected, const IncidentListing& listing,
                    std::string_view query_text, v1::ListIncidentsResponse& response) const;

  const Log& log_;
  std::function<void()> on_loaded_ = [] {};
  std::thread thread_;

  Mutex index_mutex_;  // no leaf: waiting_mutex_ is taken under it
  IncidentIndex index_ ABSL_GUARDED_BY(index_mutex_);
  Cursor place_ ABSL_GUARDED_BY(index_mutex_);  // of the last event taken in
  bool loaded_ ABSL_GUARDED_BY(index_mutex_) = false;
  absl::Status load_error_ ABSL_GUARDED_BY(index_mutex_);
  // While the table is read: what was forgotten meanwhile, and may still be met.
  absl::flat_hash_set<PackedUuid> forgotten_ ABSL_GUARDED_BY(index_mutex_);

  Mutex waiting_mutex_;
  CondVar changed_;
  std::vector<Heard> waiting_ ABSL_GUARDED_BY(waiting_mutex_);
  size_t waiting_events_ ABSL_GUARDED_BY(waiting_mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(waiting_mutex_) = false;
};

// Whether an incident passes a filter; event types have no say.
bool Matches(const Filter& filter, const v1::Incident& incident);

}  // namespace tocsin::hub
