// query_execution.h: one query under way.
//
// Shape:   begins with what needs no call; calls for one incident, or for one page, are one, however
//          many fields ask. A page's incidents come with their history where a field below asks for
//          it.
// Threads: Start on any; all else on the thread of HubCalls, or inside Start where no field needs a
//          call.
// Owns:    itself, until it is done.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "bridge/graphql/executor.h"
#include "bridge/graphql/root_results.h"
#include "bridge/rest/incident_calls.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge::graphql {

class QueryExecution : public std::enable_shared_from_this<QueryExecution> {
 public:
  using Done = absl::AnyInvocable<void(std::string)>;

  QueryExecution(const ExecutionSources& sources, SubjectPtr subject,
                 std::unique_ptr<const SelectionPlan> plan, Done done);

  void Start();

 private:
  // Fields that one call answers.
  struct OfIncident {
    std::string id;
    std::vector<size_t> fields;
  };
  struct OfPage {
    std::string key;  // the request, encoded, without what fields below ask for
    v1::ListIncidentsRequest request;
    uint64_t page;
    std::vector<size_t> fields;
  };

  void Begin();
  void Take(size_t index);
  void TakeIncident(size_t index);
  void TakePage(size_t index);
  void Ask(const OfIncident& group);
  void Ask(const OfPage& group);
  void OnCallEnd();

  ExecutionSources sources_;
  RootResults results_;
  Done done_;
  IncidentCalls calls_;
  std::vector<OfIncident> incidents_;
  std::vector<OfPage> pages_;
  size_t waiting_ = 1;  // for calls, and for the beginning itself
};

}  // namespace tocsin::bridge::graphql
