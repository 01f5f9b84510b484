// Any body as CloudEvents, in each mode: refused, or events, of which each is refused or one that the hub
// takes. In binary mode the input's lines up to an empty one are the headers.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/rest/cloud_event.h"
#include "bridge/rest/cloud_event_mapping.h"
#include "core/base/check.h"
#include "core/event/validate.h"

namespace {

using namespace tocsin;
using namespace tocsin::bridge;

std::vector<http::Field> TakeFields(std::string_view& input) {
  std::vector<http::Field> fields = {{"Content-Type", "application/json"}};
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      break;
    }
    fields.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
  }
  return fields;
}

void Check(CloudEventMode mode, const std::vector<http::Field>& fields, std::string_view body) {
  const auto read = ReadCloudEvents(mode, fields, body);
  if (!read.ok()) {
    TOCSIN_CHECK(!read.status().message().empty());
    return;
  }
  for (const CloudEvent& each : *read) {
    TOCSIN_CHECK(!each.Attribute("id").empty() && !each.Attribute("source").empty());
    auto event = EventOf(each);
    if (event.ok() && NormalizeEvent(*event, "event").ok()) {
      TOCSIN_CHECK(event->type() != v1::EVENT_TYPE_UNSPECIFIED);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Check(CloudEventMode::kStructured, {}, input);
  Check(CloudEventMode::kBatch, {}, input);
  const std::vector<http::Field> fields = TakeFields(input);
  http::HttpRequest request{.method = "POST", .target = "/v1/events"};
  request.fields = fields;
  (void)CloudEventModeOf(request);
  Check(CloudEventMode::kBinary, fields, input);
  return 0;
}
