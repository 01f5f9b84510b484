// The closing handshake: a close is answered with its code, what is wrong with one has its own code, and
// nothing after a close is answered.
#include "absl/strings/str_cat.h"
#include "tests/bridge/conformance/echo_server.h"

namespace tocsin::bridge::conformance {
namespace {

Lines Closed(int code) { return {absl::StrCat("close ", code), "end"}; }

std::vector<Case> After() {
  return {
      {"TextThenClose", ClientFrame(kText, "a") + CloseOf(1000), Then({"text a"}, Closed(1000))},
      {"TwoCloses", CloseOf(1000) + CloseOf(1001), Closed(1000)},
      {"PingAfterClose", CloseOf(1000) + ClientFrame(kPing, "p"), Closed(1000)},
      {"TextAfterClose", CloseOf(1000) + ClientFrame(kText, "a"), Closed(1000)},
      {"WrongFrameAfterClose", CloseOf(1000) + ClientFrame(3, "a"), Closed(1000)},
      {"NoFrameAfterClose", CloseOf(1000) + std::string(2'000, '\xff'), Closed(1000)},
      {"RestOfAMessageAfterClose", Part(kText, "a") + CloseOf(1000) + ClientFrame(kContinue, "b"),
       Closed(1000)},
      {"LargeTextThenClose", ClientFrame(kText, std::string(50'000, 'a')) + CloseOf(1000),
       Then({absl::StrCat("text ", Shown(std::string(50'000, 'a')))}, Closed(1000))},
      {"CloseAfterAFailure", ClientFrame(3, "") + CloseOf(1000), kFailed, 2},
      {"TextAfterAFailure", ClientFrame(3, "") + ClientFrame(kText, "a"), kFailed, 2},
  };
}

std::vector<Case> Payloads() {
  const std::string longest(123, 'r');
  return {
      {"CloseEmpty", ClientFrame(kClose, ""), {"close", "end"}, 6},
      {"CloseOfOneByte", ClientFrame(kClose, "\x03"), kFailed, 7},
      {"CloseOfACode", CloseOf(1000), Closed(1000), 8},
      {"CloseWithReason", CloseOf(1000, "Hello World!"), Closed(1000)},
      {"CloseWithLongestReason", CloseOf(1000, longest), Closed(1000)},
      {"CloseWithReasonTooLong", CloseOf(1000, longest + "r"), kFailed, 2},
      {"CloseOf65536", ClientFrame(kClose, std::string(65'536, 'r')), kFailed, 2},
      {"CloseWithReasonInGreek", CloseOf(1000, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"),
       Closed(1000)},
      {"CloseWithReasonNotUtf8", CloseOf(1000, "\xce\xba\xed\xa0\x80"), kNotText},
      {"CloseWithReasonCutOff", CloseOf(1000, "\xce"), kNotText},
  };
}

void AddCodes(std::vector<Case>& cases) {
  // RFC 6455, section 7.4.1, and IANA's registry.
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                         3000, 3001, 3999, 4000, 4001, 4999}) {
    cases.push_back({absl::StrCat("Code", code), CloseOf(code), Closed(code)});
    cases.push_back({absl::StrCat("Code", code, "WithReason"), CloseOf(code, "r"), Closed(code)});
  }
  // Not registered, for no use, or never on the wire.
  for (const int code :
       {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 9999, 32768, 65535}) {
    cases.push_back({absl::StrCat("Code", code), CloseOf(code), kFailed, 8});
    cases.push_back({absl::StrCat("Code", code, "WithReason"), CloseOf(code, "r"), kFailed, 9});
  }
}

}  // namespace

std::vector<Case> CloseCases() {
  std::vector<Case> cases = After();
  for (Case& each : Payloads()) cases.push_back(std::move(each));
  AddCodes(cases);
  return cases;
}

}  // namespace tocsin::bridge::conformance
