// alert_fixture.h: a hub's sequencer over a log, to which alerts are submitted by hand; and over
// either store, with restarts.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/event/time_proto.h"
#include "core/event/validate.h"
#include "core/event/wire.h"
#include "hub/log/memory_log.h"
#include "hub/sequencer.h"
#include "tests/hub/hub_fixtures.h"

namespace tocsin::hub {

// A firing alert of "prometheus"; its fingerprint is `name`.
inline v1::Alert AlertNamed(std::string_view name,
                            v1::AlertStatus status = v1::ALERT_STATUS_FIRING) {
  v1::Alert alert;
  alert.set_source("prometheus");
  alert.set_title("disk full");
  alert.set_severity(v1::SEVERITY_P1);
  alert.set_fingerprint(std::string(name));
  alert.set_status(status);
  EXPECT_EQ(NormalizeAlert(alert, "alert"), absl::OkStatus());
  return alert;
}

inline v1::Alert At(v1::Alert alert, absl::Time time) {
  SetTimestamp(*alert.mutable_timestamp(), time);
  return alert;
}

inline v1::Alert Until(v1::Alert alert, absl::Time end) {
  SetTimestamp(*alert.mutable_ends_at(), end);
  return alert;
}

// One run of a hub. The log and the clock outlive it.
class AlertHub {
 public:
  AlertHub(Log& log, ManualClock& clock, SequencerOptions options = {})
      : log_(log), clock_(clock), sequencer_(log, window_, clock, options) {
    EXPECT_EQ(sequencer_.Open(), absl::OkStatus());
  }

  std::shared_ptr<AlertOutcome> Send(v1::Alert alert, AlertReport report = AlertReport::kAlert) {
    auto outcome = std::make_shared<AlertOutcome>(absl::UnknownError("not answered"));
    std::vector<AlertSubmission> alerts(1);
    alerts[0].request = {.alert = std::move(alert), .report = report};
    alerts[0].done = [outcome](AlertOutcome o) { *outcome = std::move(o); };
    sequencer_.Submit(std::move(alerts));
    return outcome;
  }
  v1::SubmitAlertResponse Submit(v1::Alert alert, AlertReport report = AlertReport::kAlert) {
    const auto outcome = Send(std::move(alert), report);
    sequencer_.RunOnce();
    EXPECT_TRUE(outcome->ok()) << outcome->status();
    return outcome->ok() ? (*outcome)->response : v1::SubmitAlertResponse();
  }
  v1::SubmitAlertResponse Report(v1::Alert alert) {
    return Submit(std::move(alert), AlertReport::kStateReport);
  }
  PublishOutcome Publish(std::vector<v1::Event> events) {
    auto outcome = std::make_shared<PublishOutcome>(absl::UnknownError("not answered"));
    for (v1::Event& event : events) {
      EXPECT_EQ(NormalizeEvent(event, "event"), absl::OkStatus());
    }
    sequencer_.Publish({std::move(events), {}},
                       [outcome](PublishOutcome o) { *outcome = std::move(o); });
    sequencer_.RunOnce();
    return std::move(*outcome);
  }
  void Pass(absl::Duration time) {
    clock_.Advance(time);
    sequencer_.RunOnce();
  }

  // The events after `place`, which moves to the end.
  std::vector<v1::Event> News() {
    std::vector<v1::Event> events;
    const auto read = log_.Read(place_, 100'000, 1 << 30);
    for (const EventPtr& record : *read) {
      events.push_back(*DecodeEventField(record->payload));
      place_ = record->cursor.sequence;
    }
    return events;
  }
  std::vector<v1::EventType> NewTypes() {
    std::vector<v1::EventType> types;
    for (const v1::Event& event : News()) {
      types.push_back(event.type());
    }
    return types;
  }
  v1::IncidentState StateOf(const std::string& incident) {
    const IncidentPtr state = *log_.GetIncident(incident);
    return state == nullptr ? v1::INCIDENT_STATE_UNSPECIFIED : state->state;
  }
  std::vector<AlertRow> RowsOf(const std::string& incident) { return *log_.ReadAlerts(incident); }

  Sequencer& sequencer() { return sequencer_; }
  Log& log() { return log_; }

 private:
  Log& log_;
  ManualClock& clock_;
  Window window_{{100'000, 1 << 30}};
  Sequencer sequencer_;
  Sequence place_ = 0;
};

inline v1::Event StateChange(v1::EventType type, const std::string& incident) {
  v1::Event event;
  event.set_type(type);
  event.mutable_incident()->set_id(incident);
  return event;
}

namespace alert_test {

inline constexpr auto kReceived = v1::EVENT_TYPE_ALERT_RECEIVED;
inline constexpr auto kCreated = v1::EVENT_TYPE_INCIDENT_CREATED;
inline constexpr auto kConverted = v1::EVENT_TYPE_ALERT_CONVERTED;
inline constexpr auto kResolved = v1::EVENT_TYPE_INCIDENT_RESOLVED;
inline constexpr auto kUpdated = v1::EVENT_TYPE_INCIDENT_UPDATED;
inline constexpr auto kAlertResolved = v1::ALERT_STATUS_RESOLVED;
inline constexpr auto kAcknowledged = v1::ALERT_STATUS_ACKNOWLEDGED;

}  // namespace alert_test

// The parameter: whether the log is on disk.
class AlertStoreTest : public ::testing::TestWithParam<bool> {
 protected:
  AlertStoreTest() { Start(); }

  void Start(SequencerOptions options = {}) {
    hub_.reset();
    if (log_ == nullptr || GetParam()) {
      log_.reset();
      log_ = GetParam() ? std::unique_ptr<Log>(OpenRocks(RocksIn(dir_, Durability::kMemory)))
                        : std::make_unique<MemoryLog>();
    }
    hub_ = std::make_unique<AlertHub>(*log_, clock_, options);
    hub_->News();
  }
  absl::Time now() { return clock_.Now(); }

  TempDir dir_;
  ManualClock clock_{kStart};
  std::unique_ptr<Log> log_;
  std::unique_ptr<AlertHub> hub_;
};

inline std::string AlertStoreName(const ::testing::TestParamInfo<bool>& store) {
  return store.param ? "RocksDb" : "Memory";
}

}  // namespace tocsin::hub
