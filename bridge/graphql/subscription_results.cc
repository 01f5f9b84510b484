#include "bridge/graphql/subscription_results.h"

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::bridge::graphql {
namespace {

constexpr std::string_view kExtensions = R"(,"extensions":{)";
constexpr std::string_view kFirst = R"("snapshot":{"first":true})";

void AppendCursor(std::string& out, const tocsin::Place& place) {
  out += '"';
  out += FormatPlace(place);
  out += '"';
}

// The last of the extensions, and the end of the result.
void CloseWithCursor(std::string& out, const tocsin::Place& place) {
  out += R"("cursor":)";
  AppendCursor(out, place);
  out += "}}";
}

}  // namespace

void CloseResultAt(std::string& out, const tocsin::Place& place) {
  out += kExtensions;
  CloseWithCursor(out, place);
}

void AppendGapResult(std::string& out, const Gap& gap, const tocsin::Place& to) {
  out += R"({"data":null)";
  out += kExtensions;
  absl::StrAppend(&out, R"("gap":{"reason":")", ToAbsl(GapReasonName(gap.reason)), "\"");
  if (gap.from.epoch != 0) {
    out += R"(,"from":)";
    AppendCursor(out, gap.from);
  }
  out += R"(,"to":)";
  AppendCursor(out, gap.to);
  out += "},";
  CloseWithCursor(out, to);
}

absl::Status AppendSnapshotResult(std::string& out, const Subscription& subscription,
                                  std::string_view incident, bool first, absl::Time now) {
  v1::Incident parsed;
  if (!parsed.ParseFromArray(incident.data(), static_cast<int>(incident.size()))) {
    return absl::DataLossError("an incident of a snapshot is damaged");
  }
  subscription.TellSnapshot(out, parsed, now);
  if (first) {
    out += kExtensions;
    out += kFirst;
    out += '}';
  }
  out += '}';
  return absl::OkStatus();
}

void AppendSnapshotEnd(std::string& out, const Subscription& subscription, const Cursor& place,
                       bool first, absl::Time now) {
  subscription.TellSnapshotEnd(out, now);
  out += kExtensions;
  if (first) {
    out += kFirst;
    out += ',';
  }
  CloseWithCursor(out, place);
}

}  // namespace tocsin::bridge::graphql
