// No message of a client brings the reader or the filter down, and what is echoed back is JSON.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/check.h"
#include "core/event/client_message.h"
#include "core/event/filter.h"
#include "core/event/json_reader.h"
#include "core/event/json_writer.h"
#include "tests/fuzz/json.h"

namespace {

using namespace tocsin;

void CheckFilter(const v1::Filter& filter) {
  const auto compiled = Filter::Compile(filter, "filters");
  if (!compiled.ok()) {
    return;
  }
  std::string text;
  AppendJsonFilter(text, (*compiled)->clauses().front().proto());
  const auto read = ReadJsonFilter(text, "filters");
  TOCSIN_CHECK(read.ok());
  TOCSIN_CHECK(Filter::Compile(*read).value()->key() == (*compiled)->key());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string subscription_id;
  const auto message =
      ReadClientMessage({reinterpret_cast<const char*>(data), size}, subscription_id);
  if (!message.ok()) {
    return 0;
  }
  if (const auto* subscribe = std::get_if<SubscribeMessage>(&*message)) {
    CheckFilter(subscribe->filters);
  } else if (const auto* ping = std::get_if<PingMessage>(&*message)) {
    TOCSIN_CHECK(ping->timestamp_json.empty() || fuzz::IsJson(ping->timestamp_json));
  }
  return 0;
}
