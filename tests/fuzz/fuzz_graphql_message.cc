// Any text as a client's message on /graphql/ws, and as the body of a POST of GraphQL: refused with what is
// wrong, or read; what is sent back of it is JSON.
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "bridge/graphql/request_json.h"
#include "bridge/graphql_ws/client_message.h"
#include "core/auth/bearer.h"
#include "core/base/check.h"
#include "core/event/json_reader.h"
#include "tests/fuzz/json.h"

namespace {

using namespace tocsin;
using namespace tocsin::bridge;

void CheckAuthorization(const graphql_ws::Authorization& authorization) {
  if (!authorization.value.has_value()) {
    return;
  }
  const auto token = BearerToken(*authorization.value);
  TOCSIN_CHECK(!token.ok() || !token->empty());
}

void CheckMessage(std::string_view text) {
  const auto message = graphql_ws::ReadClientMessage(text);
  if (!message.ok()) {
    TOCSIN_CHECK(!message.status().message().empty());
  } else if (const auto* init = std::get_if<graphql_ws::ConnectionInit>(&*message)) {
    CheckAuthorization(init->authorization);
  } else if (const auto* ping = std::get_if<graphql_ws::Ping>(&*message)) {
    CheckAuthorization(ping->authorization);
    TOCSIN_CHECK(ping->payload_json.empty() || fuzz::IsJson(ping->payload_json));
  } else if (const auto* subscribe = std::get_if<graphql_ws::Subscribe>(&*message)) {
    TOCSIN_CHECK(!subscribe->id.empty());
  }
}

void CheckBody(std::string_view text) {
  boost::json::value value;
  if (!ParseJson(text, value).ok()) {
    return;
  }
  const auto request = graphql::ReadJsonRequest(std::move(value));
  if (const auto* error = std::get_if<graphql::Error>(&request)) {
    TOCSIN_CHECK(!error->message.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckMessage(text);
  CheckBody(text);
  return 0;
}
