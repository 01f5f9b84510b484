// Messages up to the limit, beyond it, and of a length that is only claimed.
#include "tests/bridge/conformance/echo_server.h"

namespace tocsin::bridge::conformance {
namespace {

// The client closes in its turn; of a message that was only claimed it never can.
const Lines kTooLarge = {"close 1009", "end"};
const Lines kClaimed = {"close 1009"};
constexpr size_t kLongHeader = 14;

std::string Claims(std::initializer_list<int> header) {
  std::string bytes;
  for (const int byte : header) bytes += static_cast<char>(byte);
  return bytes + std::string(4, '\0');
}

}  // namespace

std::vector<Case> LimitCases() {
  const std::string most(EchoServer::kMaxMessageBytes, 'x');
  const std::string echo = "text " + Shown(most);
  return {
      {"Most", ClientFrame(kText, most), {echo}},
      {"MostInTwo", Part(kText, most.substr(1)) + ClientFrame(kContinue, "x"), {echo}},
      {"MostAndAnEmptyFragment", Part(kText, most) + ClientFrame(kContinue, ""), {echo}},
      {"OneMore", ClientFrame(kText, most + "x") + CloseOf(1009), kTooLarge},
      {"OneMoreInTwo", Part(kText, most) + ClientFrame(kContinue, "x") + CloseOf(1009), kTooLarge},
      {"OneMoreOfABinary", ClientFrame(kBinary, most + "x") + CloseOf(1009), kTooLarge},
      {"ClaimsAGigabyte", Claims({0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0}), kClaimed, kLongHeader},
      {"ClaimsTerabytes", Claims({0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0}), kClaimed, kLongHeader},
      {"ClaimsTheMost", Claims({0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255}), kClaimed,
       kLongHeader},
      {"PingWithinOneThatIsTooLarge",
       Part(kText, most + "x") + ClientFrame(kPing, "p") + ClientFrame(kContinue, "x") +
           CloseOf(1009),
       kTooLarge},
      {"TextAfterOneThatIsTooLarge",
       ClientFrame(kText, most + "x") + ClientFrame(kText, "a") + CloseOf(1009), kTooLarge},
  };
}

}  // namespace tocsin::bridge::conformance
