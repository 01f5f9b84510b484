// Messages in fragments, and control frames between them.
#include "absl/strings/str_cat.h"
#include "tests/bridge/conformance/echo_server.h"

namespace tocsin::bridge::conformance {
namespace {

constexpr size_t kPartBytes = 6 + 1;  // a frame with a payload of one byte

std::vector<Case> Good() {
  return {
      {"TwoFragments", Part(kText, "a") + ClientFrame(kContinue, "b"), {"text ab"}},
      {"TwoFragmentsOfABinary",
       Part(kBinary, "a") + ClientFrame(kContinue, "b"),
       {"text (binary)"}},
      {"EmptyFragments",
       Part(kText, "") + Part(kContinue, "") + ClientFrame(kContinue, ""),
       {"text "}},
      {"OnlyTheMiddleHasBytes",
       Part(kText, "") + Part(kContinue, "middle") + ClientFrame(kContinue, ""),
       {"text middle"}},
      {"PingBetween",
       Part(kText, "a") + ClientFrame(kPing, "p") + ClientFrame(kContinue, "b"),
       {"pong p", "text ab"}},
      {"PongBetween",
       Part(kText, "a") + ClientFrame(kPong, "p") + ClientFrame(kContinue, "b"),
       {"text ab"}},
      {"PingsBetweenFive",
       Part(kText, "1") + Part(kContinue, "2") + ClientFrame(kPing, "a") + Part(kContinue, "3") +
           Part(kContinue, "4") + ClientFrame(kPing, "b") + ClientFrame(kContinue, "5"),
       {"pong a", "pong b", "text 12345"}},
      {"LongestPingBetween",
       Part(kText, "a") + ClientFrame(kPing, std::string(125, 'p')) + ClientFrame(kContinue, "b"),
       {"pong " + std::string(125, 'p'), "text ab"}},
      {"OneMessageAfterTheOther",
       Part(kText, "a") + ClientFrame(kContinue, "b") + ClientFrame(kText, "c") + Part(kText, "d") +
           ClientFrame(kContinue, "e"),
       {"text ab", "text c", "text de"}},
      {"CloseBetween",
       Part(kText, "a") + CloseOf(1000) + ClientFrame(kContinue, "b"),
       {"close 1000", "end"}},
  };
}

std::vector<Case> Bad() {
  const std::string whole = Part(kText, "a") + ClientFrame(kContinue, "b");
  return {
      {"LastFragmentOfNothing", ClientFrame(kContinue, "a") + ClientFrame(kText, "b"), kFailed, 2},
      {"FragmentOfNothing", Part(kContinue, "a") + ClientFrame(kText, "b"), kFailed, 2},
      {"EmptyFragmentOfNothing", ClientFrame(kContinue, ""), kFailed, 2},
      {"FragmentAfterTheLast", whole + ClientFrame(kContinue, "c"), Then({"text ab"}, kFailed),
       whole.size() + 2},
      {"FragmentAfterAWholeText", ClientFrame(kText, "a") + Part(kContinue, "b"),
       Then({"text a"}, kFailed), kPartBytes + 2},
      {"FragmentAfterAPing", ClientFrame(kPing, "") + ClientFrame(kContinue, "b"),
       Then({"pong "}, kFailed), 6 + 2},
      {"TextWithinAText", Part(kText, "a") + ClientFrame(kText, "b"), kFailed, kPartBytes + 2},
      {"FragmentedTextWithinAText", Part(kText, "a") + Part(kText, "b"), kFailed, kPartBytes + 2},
      {"BinaryWithinAText", Part(kText, "a") + ClientFrame(kBinary, "b"), kFailed, kPartBytes + 2},
      {"TextWithinABinary", Part(kBinary, "a") + ClientFrame(kText, "b"), kFailed, kPartBytes + 2},
      {"TextWithinAnEmptyText", Part(kText, "") + ClientFrame(kText, "b"), kFailed, 6 + 2},
      {"FragmentedPing", Part(kPing, "a") + ClientFrame(kContinue, "b"), kFailed, 2},
      {"FragmentedPong", Part(kPong, "a") + ClientFrame(kContinue, "b"), kFailed, 2},
      {"FragmentedClose", Part(kClose, "") + ClientFrame(kContinue, ""), kFailed, 2},
      {"FragmentedPingWithinAText", Part(kText, "a") + Part(kPing, "p"), kFailed, kPartBytes + 2},
  };
}

// One message of many equal fragments, with a ping after each tenth.
Case Many(size_t fragments, size_t bytes) {
  Case many{absl::StrCat(fragments, "FragmentsOf", bytes, "Bytes"), "", {}};
  many.name.insert(0, "Message");
  std::string text;
  for (size_t i = 0; i < fragments; ++i) {
    const std::string part(bytes, static_cast<char>('a' + i % 26));
    const int opcode = i == 0 ? kText : kContinue;
    many.bytes += i + 1 == fragments ? ClientFrame(opcode, part) : Part(opcode, part);
    text += part;
    if (i % 10 == 9 && i + 1 < fragments) {
      many.bytes += ClientFrame(kPing, absl::StrCat(i));
      many.wanted.push_back(absl::StrCat("pong ", i));
    }
  }
  many.wanted.push_back(absl::StrCat("text ", Shown(text)));
  return many;
}

}  // namespace

std::vector<Case> FragmentCases() {
  std::vector<Case> cases = Good();
  for (Case& each : Bad()) cases.push_back(std::move(each));
  cases.push_back(Many(50, 1));
  cases.push_back(Many(2'000, 0));
  cases.push_back(Many(4'096, 16));
  cases.push_back(Many(64, 1'024));
  return cases;
}

}  // namespace tocsin::bridge::conformance
