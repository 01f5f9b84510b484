#include "cli/admin/connection_text.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/event_text.h"
#include "cli/text_width.h"
#include "cli/time_text.h"
#include "core/base/strings.h"
#include "core/event/json_writer.h"
#include "core/event/time_proto.h"

namespace tocsin::cli {
namespace {

using Row = std::vector<std::string>;

// Each column as wide as its widest text, and two spaces between.
std::string Table(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], WidthOf(row[i]));
    }
  }
  std::string out;
  for (const Row& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      absl::StrAppend(&out, FitTo(row[i], widths[i]), "  ");
    }
    absl::StrAppend(&out, row.back(), "\n");
  }
  return out;
}

std::string OrDash(std::string_view text) { return text.empty() ? "-" : Clean(text); }

std::string Lag(const v1::Connection& connection) {
  return connection.subscriptions_behind() == 0 ? "live"
                                                : absl::StrCat(connection.behind(), " behind");
}

// Fields of a JSON object, one after the other.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  ~Object() { out_ += '}'; }

  void Text(std::string_view name, std::string_view value) {
    Name(name);
    AppendJsonString(out_, value);
  }
  void Time(std::string_view name, bool known, const google::protobuf::Timestamp& time) {
    Name(name);
    known ? AppendJsonTimeText(time) : static_cast<void>(out_ += "null");
  }
  void Number(std::string_view name, uint64_t value) {
    Name(name);
    absl::StrAppend(&out_, value);
  }

 private:
  void Name(std::string_view name) {
    absl::StrAppend(&out_, first_ ? "\"" : ",\"", ToAbsl(name), "\":");
    first_ = false;
  }
  void AppendJsonTimeText(const google::protobuf::Timestamp& time) {
    std::string text;
    AppendJsonTime(text, ToTime(time));
    AppendJsonString(out_, text);
  }

  std::string& out_;
  bool first_ = true;
};

template <class Each>
void AppendWho(Object& object, const Each& each) {
  object.Text("id", each.id());
  object.Text("subject", each.subject());
  object.Text("address", each.address());
  object.Text("transport", each.transport());
  object.Text("label", each.label());
  object.Time("since", each.has_since(), each.since());
}

void AppendConnection(std::string& out, const v1::Connection& each) {
  Object object(out);
  AppendWho(object, each);
  object.Number("subscriptions", each.subscriptions());
  object.Number("subscriptions_behind", each.subscriptions_behind());
  object.Number("behind", each.behind());
  object.Text("last_cursor", each.last_cursor());
  object.Time("last_sent_at", each.has_last_sent_at(), each.last_sent_at());
  object.Number("waiting_bytes", each.waiting_bytes());
}

void AppendClosed(std::string& out, const v1::ClosedConnection& each) {
  Object object(out);
  object.Time("closed_at", each.has_closed_at(), each.closed_at());
  AppendWho(object, each);
  object.Text("code", each.code());
  object.Text("reason", each.reason());
}

template <class List, class Append>
std::string JsonList(const List& list, Append append) {
  std::string out = "{\"connections\":[";
  const char* between = "";
  for (const auto& each : list) {
    out += between;
    append(out, each);
    between = ",";
  }
  return out + "]";
}

}  // namespace

std::string ConnectionsText(const v1::ListConnectionsResponse& response, absl::Time now) {
  std::vector<Row> rows = {
      {"ID", "SUBJECT", "ADDRESS", "TRANSPORT", "LABEL", "SINCE", "SUBS", "WAITING", "STANDS"}};
  for (const v1::Connection& each : response.connections()) {
    rows.push_back({Clean(each.id()), OrDash(each.subject()), OrDash(each.address()),
                    OrDash(each.transport()), OrDash(each.label()),
                    AgeText(now - ToTime(each.since())), absl::StrCat(each.subscriptions()),
                    absl::StrCat(each.waiting_bytes(), " B"), Lag(each)});
  }
  return Table(rows);
}

std::string ConnectionsJson(const v1::ListConnectionsResponse& response) {
  std::string out = JsonList(response.connections(), AppendConnection);
  absl::StrAppend(&out, ",\"total\":", response.total(),
                  ",\"silent_threads\":", response.silent_threads(), ",\"next_page_token\":");
  AppendJsonString(out, response.next_page_token());
  return out + "}\n";
}

std::string ClosedText(const v1::ListClosedResponse& response, absl::TimeZone zone) {
  std::vector<Row> rows = {
      {"CLOSED", "ID", "SUBJECT", "ADDRESS", "TRANSPORT", "LABEL", "CODE", "REASON"}};
  for (const v1::ClosedConnection& each : response.connections()) {
    rows.push_back({TimeText(each.closed_at(), zone), Clean(each.id()), OrDash(each.subject()),
                    OrDash(each.address()), OrDash(each.transport()), OrDash(each.label()),
                    Clean(each.code()), OrDash(each.reason())});
  }
  return Table(rows);
}

std::string ClosedJson(const v1::ListClosedResponse& response) {
  return JsonList(response.connections(), AppendClosed) + "}\n";
}

}  // namespace tocsin::cli
