// Texts that are UTF-8 and texts that are not, each in one frame and cut within every character; what
// is not fails at the first byte that no text can have there, before the frame or message is whole.
// The sequences are those that decoders are known to get wrong: overlong forms, surrogates, the ends
// of each range, bytes that stand alone.
#include "absl/strings/str_cat.h"
#include "tests/bridge/conformance/echo_server.h"

namespace tocsin::bridge::conformance {
namespace {

struct Text {
  const char* name;
  std::string bytes;
  size_t good;  // bytes with which a text can begin, if it is not one
};

const Text kGood[] = {
    {"Empty", "", 0},
    {"Ascii", "Hello", 0},
    {"Greek", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", 0},
    {"Mixed", "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4-UTF-8!!", 0},
    {"Nul", std::string(1, '\0'), 0},
    {"FirstOf2", "\xc2\x80", 0},
    {"FirstOf3", "\xe0\xa0\x80", 0},
    {"FirstOf4", "\xf0\x90\x80\x80", 0},
    {"LastOf1", "\x7f", 0},
    {"LastOf2", "\xdf\xbf", 0},
    {"LastOf3", "\xef\xbf\xbf", 0},
    {"LastOf4", "\xf4\x8f\xbf\xbf", 0},
    {"BeforeSurrogates", "\xed\x9f\xbf", 0},
    {"AfterSurrogates", "\xee\x80\x80", 0},
    {"Replacement", "\xef\xbf\xbd", 0},
    {"NoCharacterFffe", "\xef\xbf\xbe", 0},
    {"NoCharacterFdd0", "\xef\xb7\x90", 0},
    {"NoCharacter1ffff", "\xf0\x9f\xbf\xbf", 0},
    {"NoCharacter2fffe", "\xf0\xaf\xbf\xbe", 0},
    {"NoCharacter10fffe", "\xf4\x8f\xbf\xbe", 0},
    {"ByteOrderMark",
     "\xef\xbb\xbf"
     "a",
     0},
    {"Face", "\xf0\x9f\x98\x80", 0},
    {"Combined", "e\xcc\x81\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x92", 0},
};

const Text kBad[] = {
    // Bytes that continue nothing.
    {"Lone80", "\x80", 0},
    {"LoneBf", "\xbf", 0},
    {"Lone80AfterText", "abc\x80", 3},
    {"Six80", "\x80\xbf\x80\xbf\x80\xbf", 0},
    {"OneTooMany", "\xc2\x80\x80", 2},
    {"OneTooManyAfter4", "\xf0\x90\x80\x80\x80", 4},
    // Beginnings that are not gone on with.
    {"C2Space", "\xc2 ", 1},
    {"DfSpace", "\xdf ", 1},
    {"E0Space", "\xe0 ", 1},
    {"EfSpace", "\xef ", 1},
    {"F0Space", "\xf0 ", 1},
    {"F4Space", "\xf4 ", 1},
    {"ThirdMissing", "\xe2\x82 ", 2},
    {"FourthMissing", "\xf0\x9f\x98 ", 3},
    {"BeginningAfterBeginning", "\xe2\x82\xe2\x82\xac", 2},
    // Bytes that stand nowhere.
    {"C0", "\xc0", 0},
    {"C1", "\xc1", 0},
    {"F5", "\xf5", 0},
    {"F7", "\xf7\xbf\xbf\xbf", 0},
    {"F8", "\xf8\x88\x80\x80\x80", 0},
    {"Fb", "\xfb\xbf\xbf\xbf\xbf", 0},
    {"Fc", "\xfc\x84\x80\x80\x80\x80", 0},
    {"Fd", "\xfd\xbf\xbf\xbf\xbf\xbf", 0},
    {"Fe", "\xfe", 0},
    {"Ff", "\xff", 0},
    {"FeFeFfFf", "\xfe\xfe\xff\xff", 0},
    // Overlong forms: of a slash, the longest of each length, and of NUL.
    {"SlashIn2", "\xc0\xaf", 0},
    {"SlashIn3", "\xe0\x80\xaf", 1},
    {"SlashIn4", "\xf0\x80\x80\xaf", 1},
    {"SlashIn5", "\xf8\x80\x80\x80\xaf", 0},
    {"SlashIn6", "\xfc\x80\x80\x80\x80\xaf", 0},
    {"LongestIn2", "\xc1\xbf", 0},
    {"LongestIn3", "\xe0\x9f\xbf", 1},
    {"LongestIn4", "\xf0\x8f\xbf\xbf", 1},
    {"NulIn2", "\xc0\x80", 0},
    {"NulIn3", "\xe0\x80\x80", 1},
    {"NulIn4", "\xf0\x80\x80\x80", 1},
    // Surrogates, alone and in pairs.
    {"D800", "\xed\xa0\x80", 1},
    {"Db7f", "\xed\xad\xbf", 1},
    {"Db80", "\xed\xae\x80", 1},
    {"Dbff", "\xed\xaf\xbf", 1},
    {"Dc00", "\xed\xb0\x80", 1},
    {"Df80", "\xed\xbe\x80", 1},
    {"Dfff", "\xed\xbf\xbf", 1},
    {"D800Dc00", "\xed\xa0\x80\xed\xb0\x80", 1},
    {"DbffDfff", "\xed\xaf\xbf\xed\xbf\xbf", 1},
    // Past the last character.
    {"110000", "\xf4\x90\x80\x80", 1},
    {"1fffff", "\xf7\xbf\xbf\xbf", 0},
    {"GreekThen110000Then",
     "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80"
     "edited",
     12},
};

// Whole characters, and then one that is cut off by the message's end.
const Text kCutOff[] = {
    {"FirstOf2", "\xc2", 1},     {"FirstOf3", "\xe2", 1},        {"TwoOf3", "\xe2\x82", 2},
    {"FirstOf4", "\xf0", 1},     {"TwoOf4", "\xf0\x9f", 2},      {"ThreeOf4", "\xf0\x9f\x98", 3},
    {"AfterText", "caf\xc3", 4}, {"LastOf4", "\xf4\x8f\xbf", 3},
};

constexpr size_t kHeader = 6;  // of a frame that is short

// A fragment for each byte, and a ping after each.
Case EachByte(std::string name, const Text& text, const Lines& end) {
  Case each{std::move(name), Part(kText, ""), {}};
  for (size_t i = 0; i < text.bytes.size(); ++i) {
    each.bytes += Part(kContinue, text.bytes.substr(i, 1));
    if (end == kNotText && i == text.good) break;
    each.bytes += ClientFrame(kPing, "p");
    each.wanted.emplace_back("pong p");
  }
  if (end == kNotText) {
    each.closes_after = each.bytes.size();
    each.bytes += ClientFrame(kContinue, "never read");
  } else {
    each.bytes += ClientFrame(kContinue, "");
  }
  each.wanted = Then(std::move(each.wanted), end);
  return each;
}

void AddGood(std::vector<Case>& cases) {
  for (const Text& text : kGood) {
    const Lines echo = {absl::StrCat("text ", Shown(text.bytes))};
    cases.push_back({absl::StrCat("Good", text.name), ClientFrame(kText, text.bytes), echo});
    cases.push_back(EachByte(absl::StrCat("Good", text.name, "InFragments"), text, echo));
  }
}

void AddBad(std::vector<Case>& cases) {
  for (const Text& text : kBad) {
    // Whatever follows.
    const std::string payload = text.bytes + std::string(20, 'a');
    cases.push_back({absl::StrCat("Bad", text.name), ClientFrame(kText, payload), kNotText,
                     kHeader + text.good + 1});
    cases.push_back(EachByte(absl::StrCat("Bad", text.name, "InFragments"), text, kNotText));
    cases.push_back({absl::StrCat("Bad", text.name, "InABinary"),
                     ClientFrame(kBinary, payload),
                     {"text (binary)"}});
    cases.push_back({absl::StrCat("Bad", text.name, "InAPing"),
                     ClientFrame(kPing, text.bytes),
                     {"pong " + text.bytes}});
  }
}

void AddCutOff(std::vector<Case>& cases) {
  for (const Text& text : kCutOff) {
    cases.push_back({absl::StrCat("CutOff", text.name), ClientFrame(kText, text.bytes), kNotText,
                     kHeader + text.bytes.size()});
    const std::string first = Part(kText, text.bytes);
    cases.push_back({absl::StrCat("CutOff", text.name, "InFragments"),
                     first + ClientFrame(kPing, "p") + ClientFrame(kContinue, ""),
                     Then({"pong p"}, kNotText), first.size() + 7 + kHeader});
  }
}

}  // namespace

std::vector<Case> Utf8Cases() {
  std::vector<Case> cases;
  AddGood(cases);
  AddBad(cases);
  AddCutOff(cases);
  return cases;
}

}  // namespace tocsin::bridge::conformance
