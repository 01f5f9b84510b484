// query_service.h: what answers the hub's queries, as one part.
//
// Threads: Start and Stop from the hub's; all else as its parts say.
// Owns:    its parts.
#pragma once

#include "hub/query/event_queries.h"
#include "hub/query/incident_queries.h"
#include "hub/query/query_pool.h"

namespace tocsin::hub {

class QueryService {
 public:
  explicit QueryService(const Log& log) : incidents_(log), events_(log) {
    incidents_.SetOnLoaded([this] { pool_.SetIndexLoaded(); });
  }

  void Start() {
    pool_.Start();
    incidents_.Start();
  }
  // What waits is refused with UNAVAILABLE.
  void Stop() {
    pool_.Stop();
    incidents_.Stop();
  }

  QueryPool& pool() { return pool_; }
  IncidentQueries& incidents() { return incidents_; }
  const EventQueries& events() const { return events_; }

 private:
  QueryPool pool_;
  IncidentQueries incidents_;
  const EventQueries events_;
};

}  // namespace tocsin::hub
