// mutation_execution.h: one mutation under way: its fields one after the other.
//
// Shape:   a field that fails ends the mutation where its null takes the data with it, as those of
//          the schema do: what comes after it is not begun.
// Threads: Start on any; all else on the thread of HubCalls.
// Owns:    itself, until it is done.
#pragma once

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "bridge/graphql/executor.h"
#include "bridge/graphql/root_results.h"
#include "bridge/rest/incident_change.h"

namespace tocsin::bridge::graphql {

class MutationExecution : public std::enable_shared_from_this<MutationExecution> {
 public:
  using Done = absl::AnyInvocable<void(std::string)>;

  MutationExecution(const ExecutionSources& sources, SubjectPtr subject,
                    std::unique_ptr<const SelectionPlan> plan, Done done);

  void Start();

 private:
  void BeginNext();
  void SubmitAlert(const PlannedField& field);
  void ChangeIncident(const PlannedField& field);
  void OnChange(const IncidentChange::Outcome& outcome);
  absl::Status Count() const;
  void Fail(const absl::Status& status);
  void GoOn();

  ExecutionSources sources_;
  const SubjectPtr subject_;
  RootResults results_;
  Done done_;
  size_t at_ = 0;  // the field under way
};

}  // namespace tocsin::bridge::graphql
