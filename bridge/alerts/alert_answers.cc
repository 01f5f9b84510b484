#include "bridge/alerts/alert_answers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/json_writer.h"
#include "core/event/text.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

using http::HttpResponse;

// Of the alerts that were left out, so many are told one by one.
constexpr size_t kToldOneByOne = 20;

// The alert itself is the reason: another try gives the same error.
bool IsFinal(const absl::Status& status) {
  switch (ErrorCodeOf(status)) {
    case ErrorCode::kInvalidMessage:
    case ErrorCode::kMessageTooLarge:
    case ErrorCode::kConflict:
    case ErrorCode::kNotFound:
      return true;
    default:
      return false;
  }
}

// For senders that try again after a 5xx alone. A hub that is older than its bridge and does not
// know the call is as good as away.
absl::Status AsServerError(const absl::Status& status) {
  const ErrorCode code = ErrorCodeOf(status);
  return code == ErrorCode::kRateLimitExceeded || code == ErrorCode::kUnsupported
             ? MakeError(ErrorCode::kServiceUnavailable, ToStd(status.message()),
                         {.retry_after = ErrorDetailsOf(status).retry_after})
             : status;
}

std::string TakenBody(const AlertCounts& counts, uint64_t truncated,
                      const std::vector<AlertBatch::LeftOut>& left_out) {
  std::string out = "{\"status\":\"success\"";
  absl::StrAppend(&out, ",\"taken\":", counts.taken, ",\"duplicates\":", counts.duplicates,
                  ",\"left_out\":", counts.left_out, ",\"truncated\":", truncated,
                  ",\"problems\":[");
  for (size_t i = 0; i < std::min(left_out.size(), kToldOneByOne); ++i) {
    absl::StrAppend(&out, i > 0 ? "," : "", "{\"alert\":", left_out[i].place, ",\"field\":");
    AppendJsonString(out, ErrorDetailsOf(left_out[i].why).field);
    out += ",\"detail\":";
    AppendJsonString(out, ToStd(left_out[i].why.message()));
    out += '}';
  }
  out += "]}\n";
  return out;
}

HttpResponse NothingTaken(const std::vector<AlertBatch::LeftOut>& left_out) {
  const absl::Status& why = left_out.front().why;
  return http::ProblemResponse(
      left_out.size() == 1
          ? why
          : MakeErrorAs(ErrorCodeOf(why), why.code(),
                        absl::StrCat("none of the ", left_out.size(),
                                     " alerts can be taken; the first: ", why.message()),
                        ErrorDetailsOf(why)));
}

void AppendErrors(std::string& out, const std::vector<std::string>& errors) {
  out += ",\"errors\":[";
  for (size_t i = 0; i < errors.size(); ++i) {
    out += i > 0 ? "," : "";
    AppendJsonString(out, errors[i]);
  }
  out += ']';
}

HttpResponse PagerDutyResponse(int status, std::string_view word, std::string_view message,
                               const std::vector<std::string>& errors) {
  HttpResponse response{.status = status, .content_type = "application/json"};
  response.body = "{\"status\":";
  AppendJsonString(response.body, word);
  response.body += ",\"message\":";
  AppendJsonString(response.body, message);
  AppendErrors(response.body, errors);
  response.body += "}\n";
  return response;
}

}  // namespace

GroupAnswer AnswerGroup(const AlertBatch& batch, const std::vector<AlertIntake::Outcome>& outcomes,
                        bool is_list) {
  GroupAnswer answer;
  AlertCounts counts;
  std::vector<AlertBatch::LeftOut> left_out = batch.left_out;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].ok()) {
      (outcomes[i]->duplicate() ? counts.duplicates : counts.taken) += 1;
    } else if (IsFinal(outcomes[i].status())) {
      const size_t place = batch.places[i];
      left_out.push_back(
          {place, is_list ? WithFieldBelow(outcomes[i].status(), IndexPath("alerts", place))
                          : outcomes[i].status()});
    } else {
      answer.response = AnswerGroupError(outcomes[i].status());
      return answer;
    }
  }
  std::ranges::sort(left_out, {}, &AlertBatch::LeftOut::place);
  counts.left_out = left_out.size();
  const bool nothing = counts.taken + counts.duplicates == 0 && !left_out.empty();
  answer.response = nothing ? NothingTaken(left_out)
                            : HttpResponse{.content_type = "application/json",
                                           .body = TakenBody(counts, batch.truncated, left_out)};
  answer.counts = counts;
  return answer;
}

HttpResponse AnswerGroupError(const absl::Status& status) {
  return http::ProblemResponse(AsServerError(status));
}

HttpResponse AnswerPagerDuty(const absl::Status& status, std::string_view dedup_key) {
  if (status.ok()) {
    HttpResponse response{.status = 202, .content_type = "application/json"};
    response.body = "{\"status\":\"success\",\"message\":\"Event processed\"";
    if (!dedup_key.empty()) {
      response.body += ",\"dedup_key\":";
      AppendJsonString(response.body, dedup_key);
    }
    response.body += "}\n";
    return response;
  }
  const std::string detail(ToStd(status.message()));
  if (IsFinal(status)) {
    HttpResponse response = AnswerPagerDutyErrors({detail});
    response.status = ErrorCodeOf(status) == ErrorCode::kMessageTooLarge ? 413 : 400;
    return response;
  }
  const bool throttled = ErrorCodeOf(status) == ErrorCode::kRateLimitExceeded;
  const HttpResponse problem =  // for its status and Retry-After
      http::ProblemResponse(throttled ? status : AsServerError(status));
  HttpResponse response =
      throttled ? PagerDutyResponse(429, "throttle exceeded", "Too many events; try again later.",
                                    {detail})
                : PagerDutyResponse(problem.status, "unavailable",
                                    "The event was not taken; try again later.", {detail});
  response.fields = problem.fields;
  return response;
}

HttpResponse AnswerPagerDutyErrors(const std::vector<std::string>& errors) {
  return PagerDutyResponse(400, "invalid event", "Event object is invalid", errors);
}

}  // namespace tocsin::bridge
