// Random alerts against a plain model of what docs/protocol.md says of them, over restarts and over
// appends that fail.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "core/event/limits.h"
#include "tests/core/rounds.h"
#include "tests/hub/alert_fixture.h"
#include "tests/hub/wrapped_log.h"

namespace tocsin::hub {
namespace {

using Types = std::vector<v1::EventType>;
constexpr auto kFiring = v1::ALERT_STATUS_FIRING;
constexpr auto kOver = v1::ALERT_STATUS_RESOLVED;
constexpr auto kAcked = v1::ALERT_STATUS_ACKNOWLEDGED;

struct Given {
  std::string name;  // fingerprint
  v1::AlertStatus status = kFiring;
  absl::Time at;
  std::optional<absl::Time> end;
  bool report = false;
};

// All times are those of the last commit; what is in memory alone is beside them.
struct ModelAlert {
  std::string incident;  // the newest that took it
  v1::AlertStatus status = kFiring;
  absl::Time at;
  absl::Time end = absl::InfiniteFuture();
  absl::Time reported_at;
  absl::Time reported_end = absl::InfiniteFuture();
  bool open() const { return status != kOver; }
};

struct ModelIncident {
  v1::IncidentState state = v1::INCIDENT_STATE_DETECTED;
  absl::Time over_since;
  std::set<std::string> open;
  bool active() const {
    return state != v1::INCIDENT_STATE_RESOLVED && state != v1::INCIDENT_STATE_CLOSED;
  }
};

class Model {
 public:
  // What an alert appends; nothing for a duplicate. `incident` is the one that the hub answered.
  Types Take(Given given, absl::Time now, const std::string& answered) {
    if (given.end && *given.end <= now) given.status = kOver;
    const auto known = alerts_.find(given.name);
    if (given.report && known == alerts_.end() && given.status != kFiring) return {};
    if (given.report && known != alerts_.end() && Repeats(given, known->second)) {
      Renew(given, known->second);
      return {};
    }
    const bool active = known != alerts_.end() && incidents_[known->second.incident].active();
    if (active) return Convert(given, now, known->second.incident);
    if (given.status == kFiring) return Open(given, answered);
    if (known != alerts_.end() && known->second.open()) {
      Set(given, known->second.incident);
    }
    return {v1::EVENT_TYPE_ALERT_RECEIVED};
  }

  // The alerts whose end has come, each as one append.
  Types Pass(absl::Time now) {
    Types types;
    std::vector<std::pair<absl::Time, std::string>> due;
    for (const auto& [name, alert] : alerts_) {
      if (alert.open() && alert.reported_end <= now) due.push_back({alert.reported_end, name});
    }
    for (const auto& [end, name] : due) {
      const ModelAlert& alert = alerts_[name];
      const Given given{name, kOver, alert.at, {}, false};
      const std::string incident = alert.incident;
      Types more{v1::EVENT_TYPE_ALERT_RECEIVED};
      if (incidents_[incident].active()) {
        more = Convert(given, now, incident);
      } else {
        Set(given, incident);
      }
      types.insert(types.end(), more.begin(), more.end());
    }
    return types;
  }

  void ChangeByHand(const std::string& incident, v1::IncidentState state, absl::Time now) {
    if (incidents_[incident].active()) incidents_[incident].over_since = now;
    if (state == v1::INCIDENT_STATE_RESOLVED) incidents_[incident].over_since = now;
    incidents_[incident].state = state;
  }
  void MoveByHand(const Given& given, const std::string& incident) { Set(given, incident); }

  void Restart(absl::Time now) {
    for (auto& [name, alert] : alerts_) {
      alert.reported_at = alert.at;
      alert.reported_end = alert.end == absl::InfiniteFuture()
                               ? alert.end
                               : std::max(alert.end, now + limits::kAlertResolveTimeout);
    }
  }

  std::string IncidentOf(const std::string& name) const {
    const auto known = alerts_.find(name);
    return known == alerts_.end() ? "" : known->second.incident;
  }
  std::vector<std::string> IncidentsThat(bool active) const {
    std::vector<std::string> ids;
    for (const auto& [id, incident] : incidents_) {
      if (incident.active() == active) ids.push_back(id);
    }
    return ids;
  }
  const std::map<std::string, ModelIncident>& incidents() const { return incidents_; }
  size_t open() const {
    return static_cast<size_t>(std::count_if(
        alerts_.begin(), alerts_.end(), [](const auto& entry) { return entry.second.open(); }));
  }

 private:
  bool Repeats(const Given& given, const ModelAlert& known) {
    const ModelIncident& incident = incidents_[known.incident];
    if (given.status == kOver) return !known.open() || given.at < known.reported_at;
    if (given.status == kAcked) return known.status != kFiring || given.at < known.reported_at;
    if (!known.open()) return given.at <= known.reported_at;
    return incident.active() || given.at <= std::max(known.reported_at, incident.over_since);
  }
  static void Renew(const Given& given, ModelAlert& known) {
    if (!known.open() || given.status != kFiring) return;
    known.reported_at = std::max(known.reported_at, given.at);
    if (!given.end) return;
    const bool had_end = known.reported_end != absl::InfiniteFuture();
    known.reported_end = had_end ? std::max(known.reported_end, *given.end) : *given.end;
  }
  Types Open(const Given& given, const std::string& answered) {
    EXPECT_FALSE(incidents_.contains(answered)) << "an old incident took it";
    Set(given, answered);
    return {v1::EVENT_TYPE_ALERT_RECEIVED, v1::EVENT_TYPE_INCIDENT_CREATED};
  }
  Types Convert(const Given& given, absl::Time now, const std::string& id) {
    Types types{v1::EVENT_TYPE_ALERT_RECEIVED, v1::EVENT_TYPE_ALERT_CONVERTED};
    Set(given, id);
    ModelIncident& incident = incidents_[id];
    if (given.status == kOver && incident.open.empty()) {
      incident.state = v1::INCIDENT_STATE_RESOLVED;
      incident.over_since = now;
      types.push_back(v1::EVENT_TYPE_INCIDENT_RESOLVED);
    } else if (given.status == kAcked && incident.state == v1::INCIDENT_STATE_DETECTED) {
      incident.state = v1::INCIDENT_STATE_TRIAGED;
      types.push_back(v1::EVENT_TYPE_INCIDENT_UPDATED);
    }
    return types;
  }
  void Set(const Given& given, const std::string& id) {
    ModelAlert& alert = alerts_[given.name];
    if (alert.incident != id) {
      if (!alert.incident.empty()) incidents_[alert.incident].open.erase(given.name);
      alert = ModelAlert{.incident = id, .status = kOver, .at = At(id, given.name)};
    }
    const bool was_open = alert.open();
    alert.at = std::max({alert.at, was_open ? alert.reported_at : alert.at, given.at});
    absl::Time end = was_open ? alert.reported_end : absl::InfiniteFuture();
    if (given.end) end = end == absl::InfiniteFuture() ? *given.end : std::max(end, *given.end);
    alert.end = end;
    alert.status = given.status;
    alert.reported_at = alert.at;
    alert.reported_end = alert.end;
    at_[{id, given.name}] = alert.at;
    std::set<std::string>& open = incidents_[id].open;
    alert.open() ? void(open.insert(given.name)) : void(open.erase(given.name));
  }
  absl::Time At(const std::string& id, const std::string& name) {
    const auto known = at_.find({id, name});
    return known == at_.end() ? absl::InfinitePast() : known->second;
  }

  std::map<std::string, ModelAlert> alerts_;  // by fingerprint
  std::map<std::string, ModelIncident> incidents_;
  std::map<std::pair<std::string, std::string>, absl::Time> at_;  // of rows in any incident
};

class AlertOracleTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  AlertOracleTest() : random_(GetParam()) { Start(); }

  uint32_t Below(uint32_t bound) { return random_() % bound; }
  void Start() {
    hub_.reset();
    hub_ = std::make_unique<AlertHub>(log_, clock_);
    model_.Restart(clock_.Now());
    hub_->News();
  }

  Given Any() {
    Given given{.name = std::string(1, static_cast<char>('a' + Below(4))), .at = clock_.Now()};
    given.status = Below(2) == 0 ? kFiring : Below(3) == 0 ? kAcked : kOver;
    given.at = clock_.Now() - absl::Minutes(Below(4));
    given.report = Below(3) != 0;
    if (Below(3) == 0) {
      given.end = clock_.Now() + absl::Minutes(static_cast<int>(Below(6)) - 1);
    }
    return given;
  }
  static v1::Alert AlertOf(const Given& given) {
    v1::Alert alert = At(AlertNamed(given.name, given.status), given.at);
    return given.end ? Until(alert, *given.end) : alert;
  }

  void Submit() {
    const Given given = Any();
    v1::Alert alert = AlertOf(given);
    const bool has_id = Below(4) == 0;
    if (has_id) alert.set_id(TestUuid(++ids_));
    const AlertReport report = given.report ? AlertReport::kStateReport : AlertReport::kAlert;
    if (Below(10) == 0) {
      log_.append_error = absl::UnavailableError("injected");
      const auto failed = hub_->Send(alert, report);
      hub_->sequencer().RunOnce();
      log_.append_error = absl::OkStatus();
      // A duplicate appends nothing, and so cannot fail; it says the same again below.
      if (!failed->ok()) {
        EXPECT_TRUE(hub_->News().empty());
      }
    }
    const v1::SubmitAlertResponse answer = hub_->Submit(alert, report);
    const Types expected = model_.Take(given, clock_.Now(), answer.incident_id());
    ASSERT_EQ(hub_->NewTypes(), expected) << alert.ShortDebugString() << given.report;
    EXPECT_EQ(answer.duplicate(), expected.empty());
    if (!answer.incident_id().empty()) {
      EXPECT_EQ(answer.incident_id(), model_.IncidentOf(given.name));
    }
    if (has_id && !expected.empty()) {
      const v1::SubmitAlertResponse again = hub_->Submit(alert, report);
      EXPECT_TRUE(again.duplicate());
      EXPECT_EQ(again.incident_id(), answer.incident_id());
      EXPECT_TRUE(hub_->News().empty());
    }
  }
  void Pass() {
    clock_.Advance(absl::Seconds(Below(150)));
    hub_->sequencer().RunOnce();
    EXPECT_EQ(Sorted(hub_->NewTypes()), Sorted(model_.Pass(clock_.Now())));
  }
  void ByHand() {
    const std::vector<std::string> active = model_.IncidentsThat(true);
    const std::vector<std::string> over = model_.IncidentsThat(false);
    const uint32_t what = Below(4);
    if (what == 0 && !active.empty() && !over.empty()) {
      return Reopen(over[Below(static_cast<uint32_t>(over.size()))]);
    }
    if (active.empty()) return;
    const std::string& id = active[Below(static_cast<uint32_t>(active.size()))];
    if (what == 1) {
      Given given = Any();
      given.end.reset();
      v1::Event event = StateChange(v1::EVENT_TYPE_ALERT_CONVERTED, id);
      *event.mutable_alert_converted()->mutable_alert() = AlertOf(given);
      ASSERT_TRUE(hub_->Publish({event}).ok());
      model_.MoveByHand(given, id);
    } else {
      const bool resolve = what == 2;
      ASSERT_TRUE(hub_->Publish({StateChange(resolve ? v1::EVENT_TYPE_INCIDENT_RESOLVED
                                                     : v1::EVENT_TYPE_INCIDENT_CLOSED,
                                             id)})
                      .ok());
      model_.ChangeByHand(id, resolve ? v1::INCIDENT_STATE_RESOLVED : v1::INCIDENT_STATE_CLOSED,
                          clock_.Now());
    }
    hub_->News();
  }
  void Reopen(const std::string& id) {
    if (hub_->StateOf(id) != v1::INCIDENT_STATE_RESOLVED) return;
    v1::Event event = StateChange(v1::EVENT_TYPE_INCIDENT_UPDATED, id);
    *event.mutable_incident() = (*log_.GetIncident(id))->Parse();
    event.mutable_incident()->set_state(v1::INCIDENT_STATE_INVESTIGATING);
    ASSERT_TRUE(hub_->Publish({event}).ok());
    model_.ChangeByHand(id, v1::INCIDENT_STATE_INVESTIGATING, clock_.Now());
    hub_->News();
  }
  void Compare() {
    EXPECT_EQ(hub_->sequencer().open_alerts(), model_.open());
    for (const auto& [id, incident] : model_.incidents()) {
      EXPECT_EQ(hub_->StateOf(id), incident.state);
      EXPECT_EQ((*log_.GetIncident(id))->alerts.open, incident.open.size());
      std::set<std::string> open;
      for (const AlertRow& row : hub_->RowsOf(id)) {
        if (row.open()) open.insert(row.shown.fingerprint());
      }
      EXPECT_EQ(open, incident.open);
    }
  }
  static Types Sorted(Types types) {
    std::sort(types.begin(), types.end());
    return types;
  }

  std::mt19937 random_;
  ManualClock clock_{kStart};
  WrappedLog log_;
  Model model_;
  std::unique_ptr<AlertHub> hub_;
  uint64_t ids_ = 0;
};

TEST_P(AlertOracleTest, TheHubDoesAsTheModel) {
  for (int step = 0; step < testing::Rounds(1'000) && !HasFailure(); ++step) {
    SCOPED_TRACE(step);
    const uint32_t what = Below(20);
    if (what < 13) {
      Submit();
    } else if (what < 16) {
      Pass();
    } else if (what < 19) {
      ByHand();
    } else {
      Start();
    }
    Compare();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AlertOracleTest, ::testing::Range(0u, 20u));

}  // namespace
}  // namespace tocsin::hub
