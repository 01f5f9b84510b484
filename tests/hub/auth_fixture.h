// auth_fixture.h: a hub that wants tokens, and callers who have some.
#pragma once

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/auth/signing_key.h"
#include "service_fixture.h"

namespace tocsin::hub {

inline constexpr std::string_view kTestSecret = "0123456789abcdefghijklmnopqrstuvwxyz";
inline constexpr std::string_view kAll = R"({"publish":true,"subscribe":true})";
inline constexpr std::string_view kOnlyP0 = R"({"publish":true,"subscribe":{"severities":["P0"]}})";

class AuthHub {
 public:
  explicit AuthHub(absl::Duration leeway = absl::Seconds(30)) : hub_(Config(dir_, leeway)) {}

  TestHub& hub() { return hub_; }

  // "Bearer …" of `name`, with the permission, good for so long.
  std::string Token(std::string_view permission, absl::Duration good_for = absl::Minutes(5),
                    std::string_view name = "ann", std::string_view secret = kTestSecret) const {
    const std::string claims = absl::StrCat(
        R"({"sub":")", std::string(name), R"(","iss":"here","exp":)",
        absl::ToUnixSeconds(absl::Now() + good_for), R"(,"tocsin":)", std::string(permission), "}");
    return "Bearer " + SigningKey::OfSecret(secret).value().SignToken(R"({"alg":"HS256"})", claims);
  }

  template <class Request, class Response>
  grpc::Status Call(grpc::Status (v1::EventHub::Stub::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                    const Request& request, Response& response, const std::string& token) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    context.AddMetadata("authorization", token);
    response.Clear();
    return (hub_.stub().*method)(&context, request, &response);
  }

  std::unique_ptr<TestStream> Subscribe(const v1::SubscribeRequest& request,
                                        const std::string& token) {
    return std::make_unique<TestStream>(hub_.stub(), request, token);
  }

  // By one who may do all.
  v1::PublishResponse Publish(const v1::PublishRequest& request) {
    v1::PublishResponse response;
    const grpc::Status status = Call(&v1::EventHub::Stub::Publish, request, response, Token(kAll));
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  uint64_t Publish(const v1::Event& event) {
    v1::PublishRequest request;
    *request.add_events() = event;
    return Publish(request).results(0).sequence();
  }
  v1::GetStatusResponse Status() {
    v1::GetStatusResponse response;
    EXPECT_TRUE(Call(&v1::EventHub::Stub::GetStatus, {}, response, Token(kAll)).ok());
    return response;
  }

 private:
  static HubConfig Config(const TempDir& dir, absl::Duration leeway) {
    const std::string file = dir.path() + "/secret";
    std::ofstream(file) << kTestSecret;
    HubConfig config = TestConfig();
    config.auth.files.secrets = {file};
    config.auth.rules.leeway = leeway;
    return config;
  }

  TempDir dir_;
  TestHub hub_;
};

}  // namespace tocsin::hub
