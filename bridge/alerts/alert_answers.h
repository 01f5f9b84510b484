// alert_answers.h: what a sender of alerts is answered, in the form and with the status that this
// very sender acts on.
//
// Shape:   Alertmanager, Prometheus and Grafana try again after a 5xx alone, so what may succeed
//          later is always 503 to them. An alert that cannot be taken as it stands is left out, and
//          told in the body of a 200: a 4xx would have the sender repeat, or drop, the others with
//          it. Only where nothing can be taken, ever, is it 4xx.
// Threads: pure.
// Source:  docs/alert-sources.md, with what each sender does after which status.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridge/alerts/alert_batch.h"
#include "bridge/alerts/alert_intake.h"
#include "core/http/message.h"

namespace tocsin::bridge {

// What became of the alerts of a body.
struct AlertCounts {
  size_t taken = 0;
  size_t duplicates = 0;  // nothing new
  size_t left_out = 0;
};

struct GroupAnswer {
  http::HttpResponse response;
  AlertCounts counts;  // all 0 where the sender is to come again
};

// To senders of lists. `batch.places` are the places of `outcomes`, and the errors' fields are made
// those of the sender's list where it has one.
GroupAnswer AnswerGroup(const AlertBatch& batch, const std::vector<AlertIntake::Outcome>& outcomes,
                        bool is_list = true);
// Of a body that is none of the format.
http::HttpResponse AnswerGroupError(const absl::Status& status);

// In PagerDuty's form: {"status", "message", "dedup_key"} or {"status", "message", "errors"}.
http::HttpResponse AnswerPagerDuty(const absl::Status& status, std::string_view dedup_key);
http::HttpResponse AnswerPagerDutyErrors(const std::vector<std::string>& errors);

}  // namespace tocsin::bridge
