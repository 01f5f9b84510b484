// Senders' words, and the configuration that adds to them.
#include "bridge/alerts/alert_mapping.h"

#include <gmock/gmock.h>

#include <map>

#include "absl/strings/match.h"

namespace tocsin::bridge {
namespace {

using ::testing::ElementsAre;

v1::Severity SeverityOf(const AlertMapping& mapping, AlertKind kind, std::string_view word) {
  v1::Alert alert;
  mapping.SetSeverity(kind, word, alert);
  EXPECT_EQ(alert.annotations().contains(std::string(kSeverityNote)), alert.annotations_size() > 0);
  return alert.annotations_size() > 0 ? v1::SEVERITY_UNSPECIFIED : alert.severity();
}

AlertMapping With(std::vector<std::string> severities) {
  AlertMappingFlags flags;
  flags.severities = std::move(severities);
  const absl::StatusOr<AlertMapping> mapping = AlertMapping::From(flags);
  EXPECT_TRUE(mapping.ok()) << mapping.status();
  return mapping.ok() ? *mapping : AlertMapping();
}

TEST(AlertMappingTest, TheTablesKnowTheSendersWords) {
  const AlertMapping mapping;
  const auto of = [&](std::string_view word) {
    return SeverityOf(mapping, AlertKind::kAlertmanager, word);
  };
  EXPECT_EQ(of("critical"), v1::SEVERITY_P0);
  EXPECT_EQ(of("page"), v1::SEVERITY_P0);
  EXPECT_EQ(of("error"), v1::SEVERITY_P1);
  EXPECT_EQ(of("High"), v1::SEVERITY_P1);
  EXPECT_EQ(of("WARNING"), v1::SEVERITY_P2);
  EXPECT_EQ(of("low"), v1::SEVERITY_P3);
  EXPECT_EQ(of("info"), v1::SEVERITY_P4);
  EXPECT_EQ(of("none"), v1::SEVERITY_P4);
  EXPECT_EQ(of("p1"), v1::SEVERITY_P1) << "our own names";
  EXPECT_EQ(of("purple"), v1::SEVERITY_UNSPECIFIED);
  const auto pagerduty = [&](std::string_view word) {
    return SeverityOf(mapping, AlertKind::kPagerDuty, word);
  };
  EXPECT_EQ(pagerduty("critical"), v1::SEVERITY_P0);
  EXPECT_EQ(pagerduty("error"), v1::SEVERITY_P1);
  EXPECT_EQ(pagerduty("warning"), v1::SEVERITY_P2);
  EXPECT_EQ(pagerduty("info"), v1::SEVERITY_P4);
}

TEST(AlertMappingTest, WhatHasNoPlaceIsP3AndSaysSo) {
  v1::Alert alert;
  AlertMapping().SetSeverity(AlertKind::kGrafana, "purple", alert);
  EXPECT_EQ(alert.severity(), v1::SEVERITY_P3);
  EXPECT_EQ(alert.annotations().at(std::string(kSeverityNote)),
            "P3: the severity \"purple\" is not in the table");
}

TEST(AlertMappingTest, TheConfigurationGoesBeforeTheTables) {
  const AlertMapping mapping = With({"page=P1", "grafana:page = P2", "Purple=P0", "error=P2"});
  EXPECT_EQ(SeverityOf(mapping, AlertKind::kAlertmanager, "page"), v1::SEVERITY_P1);
  EXPECT_EQ(SeverityOf(mapping, AlertKind::kGrafana, "page"), v1::SEVERITY_P2);
  EXPECT_EQ(SeverityOf(mapping, AlertKind::kOnCall, "purple"), v1::SEVERITY_P0);
  EXPECT_EQ(SeverityOf(mapping, AlertKind::kPagerDuty, "error"), v1::SEVERITY_P2)
      << "what is given for all is given for those too that have the word as their own";
  EXPECT_EQ(SeverityOf(With({"grafana:page=P2", "page=P1"}), AlertKind::kGrafana, "page"),
            v1::SEVERITY_P2)
      << "in either order";
}

TEST(AlertMappingTest, AWrongSettingIsNamed) {
  const auto error = [](const char* text) {
    AlertMappingFlags flags;
    flags.severities = {text};
    return std::string(AlertMapping::From(flags).status().message());
  };
  EXPECT_TRUE(absl::StrContains(error("page"), "--alert-severity: \"page\" has no equals sign"));
  EXPECT_TRUE(absl::StrContains(error("page=P9"), "P0, P1, P2, P3, P4"));
  EXPECT_TRUE(absl::StrContains(error("nagios:page=P1"), "alertmanager, grafana, pagerduty"));
  EXPECT_TRUE(absl::StrContains(error("=P1"), "no word"));
  AlertMappingFlags flags;
  flags.types = {"billing=Money"};
  EXPECT_TRUE(absl::StrContains(AlertMapping::From(flags).status().message(), "--alert-type"));
}

TEST(AlertMappingTest, LabelsTellSeverityTypeAndServices) {
  AlertMappingFlags flags;
  flags.severity_labels = {"urgency", "severity"};
  flags.service_labels = {"team", "app"};
  flags.types = {"billing=Application"};
  const AlertMapping mapping = *AlertMapping::From(flags);
  v1::Alert alert;
  for (const auto& [name, value] : std::map<std::string, std::string>{{"severity", "info"},
                                                                      {"urgency", "page"},
                                                                      {"team", "x"},
                                                                      {"app", "x"},
                                                                      {"type", "billing"},
                                                                      {"job", "j"}}) {
    (*alert.mutable_labels())[name] = value;
  }
  mapping.SetByLabels(AlertKind::kAlertmanager, alert);
  EXPECT_EQ(alert.severity(), v1::SEVERITY_P0) << "the first label that is there";
  EXPECT_EQ(alert.alert_type(), v1::INCIDENT_TYPE_APPLICATION);
  EXPECT_THAT(alert.affected_services(), ElementsAre("x")) << "each once";
}

}  // namespace
}  // namespace tocsin::bridge
