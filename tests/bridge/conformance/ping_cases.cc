// Pings are answered with their payload, in their order; pongs are taken and not answered.
#include "absl/strings/str_cat.h"
#include "tests/bridge/conformance/case.h"

namespace tocsin::bridge::conformance {

std::vector<Case> PingCases() {
  const std::string longest(125, 'p');
  const std::string bytes("\x00\xff\xfe\xfd\xfc\xfb\x00\xff", 8);
  std::vector<Case> cases = {
      {"PingEmpty", ClientFrame(kPing, ""), {"pong "}},
      {"PingWithText", ClientFrame(kPing, "hello"), {"pong hello"}},
      {"PingWithBytesThatAreNoText", ClientFrame(kPing, bytes), {"pong " + bytes}},
      {"PingOf125", ClientFrame(kPing, longest), {"pong " + longest}},
      {"PingOf126", ClientFrame(kPing, longest + "p"), kFailed, 2},
      {"PingOf65536", ClientFrame(kPing, std::string(65'536, 'p')), kFailed, 2},
      {"PongOf126", ClientFrame(kPong, longest + "p"), kFailed, 2},
      {"PongNotAskedFor", ClientFrame(kPong, ""), {}},
      {"PongNotAskedForWithPayload", ClientFrame(kPong, longest), {}},
      {"PongThenPing", ClientFrame(kPong, "not asked for") + ClientFrame(kPing, "a"), {"pong a"}},
      {"PingWithinAMessage",
       Part(kText, "a") + ClientFrame(kPing, "1") + ClientFrame(kContinue, "b"),
       {"pong 1", "text ab"}},
  };
  Case ten{"TenPings", "", {}};
  for (int i = 0; i < 10; ++i) {
    ten.bytes += ClientFrame(kPing, absl::StrCat("payload ", i));
    ten.wanted.push_back(absl::StrCat("pong payload ", i));
  }
  cases.push_back(ten);
  return cases;
}

}  // namespace tocsin::bridge::conformance
