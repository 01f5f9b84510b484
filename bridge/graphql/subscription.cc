#include "bridge/graphql/subscription.h"

#include <utility>

#include "bridge/graphql/event_choice.h"
#include "bridge/graphql/incident_update.h"
#include "bridge/graphql/result_writer.h"
#include "bridge/graphql/selection_plan.h"
#include "core/base/check.h"
#include "core/event/time_proto.h"

namespace tocsin::bridge::graphql {
namespace {

enum class Root { kIncidentUpdates, kIncidents, kStateChanges, kAlerts, kEvents };

Root RootOf(std::string_view field) {
  return field == "incidentUpdates"        ? Root::kIncidentUpdates
         : field == "incidentStateChanges" ? Root::kStateChanges
         : field == "alerts"               ? Root::kAlerts
         : field == "events"               ? Root::kEvents
                                           : Root::kIncidents;
}

class PlannedSubscription final : public Subscription {
 public:
  PlannedSubscription(std::unique_ptr<const SelectionPlan> plan, EventChoice choice)
      : plan_(std::move(plan)),
        choice_(std::move(choice)),
        root_(RootOf(field().definition->name)) {
    // The arguments choose events, and have no part in what is told of one.
    form_ = field().key + field().definition->name;
    field().selections->AppendForm(form_);
    form_.shrink_to_fit();
  }

  const FilterPtr& filter() const override { return choice_.filter; }
  const std::optional<StartPoint>& from() const override { return choice_.from; }
  bool snapshot() const override { return choice_.snapshot; }
  bool leaves() const override { return choice_.leaves; }
  bool heartbeat() const override { return root_ == Root::kIncidentUpdates; }
  std::string_view form() const override { return form_; }

  bool Tell(std::string& out, const v1::Event& event) const override {
    const absl::Time time = ToTime(event.time());
    switch (root_) {
      case Root::kIncidentUpdates:
        TellUpdate(out, UpdateOf(event));
        return true;
      case Root::kIncidents:
        Append(out, event.has_incident() ? &event.incident() : nullptr, time);
        return true;
      case Root::kStateChanges:
        if (const auto change = StateChangeOf(event)) {
          Append(out, &*change, time);
          return true;
        }
        return false;
      case Root::kAlerts:
        Append(out, event.alert_received().has_alert() ? &event.alert_received().alert() : nullptr,
               time);
        return true;
      case Root::kEvents:
        Append(out, &event, time);
        return true;
    }
    return false;
  }

  void TellLeft(std::string& out, const v1::Event& event, bool seen) const override {
    TellUpdate(out, LeftBy(event, seen));
  }
  void TellSnapshot(std::string& out, const v1::Incident& incident, absl::Time now) const override {
    TellUpdate(out, {"SNAPSHOT", now, &incident});
  }
  void TellSnapshotEnd(std::string& out, absl::Time now) const override {
    TellUpdate(out, {"SNAPSHOT_END", now});
  }
  void TellHeartbeat(std::string& out, absl::Time now) const override {
    TellUpdate(out, {"HEARTBEAT", now});
  }

 private:
  const PlannedField& field() const { return plan_->fields.front(); }

  void TellUpdate(std::string& out, const IncidentUpdate& update) const {
    Append(out, &update, update.timestamp);
  }

  template <class Source>
  void Append(std::string& out, const Source* source, absl::Time now) const {
    const size_t before = out.size();
    out += R"({"data":{)";
    out += field().key;
    Errors errors;
    if (ResultWriter(out, errors, /*has_history=*/false).Root(field(), source)) {
      out += '}';
    } else {
      out.resize(before);
      out += R"({"data":null)";
    }
    if (!errors.empty()) {
      out += R"(,"errors":)";
      AppendErrors(out, errors, now);
    }
  }

  const std::unique_ptr<const SelectionPlan> plan_;
  const EventChoice choice_;
  const Root root_;
  std::string form_;
};

}  // namespace

std::variant<std::shared_ptr<const Subscription>, Errors> Subscription::Plan(
    const Prepared& prepared) {
  auto planned = PlanSelections(Schema::Tocsin(), prepared);
  if (auto* const errors = std::get_if<Errors>(&planned)) {
    return std::move(*errors);
  }
  auto& plan = std::get<std::unique_ptr<const SelectionPlan>>(planned);
  // Validation sees to it that a subscription selects one field, whatever its variables are.
  TOCSIN_CHECK(plan->fields.size() == 1 && !plan->fields.front().is_typename());
  auto choice = ChooseEvents(plan->fields.front(), prepared.extensions);
  if (auto* const error = std::get_if<Error>(&choice)) {
    return Errors{std::move(*error)};
  }
  return std::make_shared<const PlannedSubscription>(std::move(plan),
                                                     std::get<EventChoice>(std::move(choice)));
}

}  // namespace tocsin::bridge::graphql
