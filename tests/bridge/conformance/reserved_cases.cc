// Reserved bits without an extension that has a meaning for them, and reserved opcodes: the connection
// fails at the frame's second byte, after what came before was answered.
#include "absl/strings/str_cat.h"
#include "tests/bridge/conformance/case.h"

namespace tocsin::bridge::conformance {
namespace {

// After a text, and before a ping that is answered no more.
Case Between(std::string name, const std::string& wrong) {
  const std::string before = ClientFrame(kText, "before");
  return {std::move(name), before + wrong + ClientFrame(kPing, "after"),
          Then({"text before"}, kFailed), before.size() + 2};
}

}  // namespace

std::vector<Case> ReservedCases() {
  std::vector<Case> cases;
  const std::pair<const char*, int> kFrames[] = {{"Text", kText},         {"Binary", kBinary},
                                                 {"Continue", kContinue}, {"Ping", kPing},
                                                 {"Pong", kPong},         {"Close", kClose}};
  for (const auto& [name, opcode] : kFrames) {
    for (int bits = 1; bits < 8; ++bits) {
      cases.push_back(Between(absl::StrCat("Bits", bits, "Of", name),
                              ClientFrame(opcode, "", {.reserved = bits})));
      cases.push_back(Between(absl::StrCat("Bits", bits, "Of", name, "WithPayload"),
                              ClientFrame(opcode, "payload", {.reserved = bits})));
    }
  }
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    cases.push_back(Between(absl::StrCat("Opcode", opcode), ClientFrame(opcode, "")));
    cases.push_back(
        Between(absl::StrCat("Opcode", opcode, "WithPayload"), ClientFrame(opcode, "payload")));
    cases.push_back({absl::StrCat("Opcode", opcode, "WithinAMessage"),
                     Part(kText, "a") + ClientFrame(opcode, ""), kFailed, 7 + 2});
  }
  return cases;
}

}  // namespace tocsin::bridge::conformance
