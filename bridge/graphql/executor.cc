#include "bridge/graphql/executor.h"

#include <utility>

#include "bridge/graphql/mutation_execution.h"
#include "bridge/graphql/query_execution.h"
#include "bridge/graphql/selection_plan.h"
#include "core/base/check.h"

namespace tocsin::bridge::graphql {

void Execute(const ExecutionSources& sources, SubjectPtr subject,
             std::shared_ptr<const Prepared> prepared, absl::AnyInvocable<void(std::string)> done) {
  TOCSIN_CHECK(prepared->type() != OperationType::kSubscription);
  auto planned = PlanSelections(Schema::Tocsin(), *prepared);
  if (const auto* const errors = std::get_if<Errors>(&planned)) {
    std::string text = R"({"data":null,"errors":)";
    AppendErrors(text, *errors, sources.clock.Now());
    text += '}';
    return done(std::move(text));
  }
  auto& plan = std::get<std::unique_ptr<const SelectionPlan>>(planned);
  if (prepared->type() == OperationType::kMutation) {
    std::make_shared<MutationExecution>(sources, std::move(subject), std::move(plan),
                                        std::move(done))
        ->Start();
  } else {
    std::make_shared<QueryExecution>(sources, std::move(subject), std::move(plan), std::move(done))
        ->Start();
  }
}

}  // namespace tocsin::bridge::graphql
