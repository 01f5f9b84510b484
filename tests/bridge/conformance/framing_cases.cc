// Lengths in their three forms, masks, and many messages in one piece.
#include "absl/strings/str_cat.h"
#include "tests/bridge/conformance/echo_server.h"

namespace tocsin::bridge::conformance {
namespace {

constexpr size_t kSizes[] = {0, 1, 124, 125, 126, 127, 128, 255, 256, 1'000, 65'535, 65'536};

// No two of its parts are alike, so that one that is lost, doubled or moved is seen.
std::string TextOf(size_t size) {
  std::string text;
  for (size_t i = 0; text.size() < size; ++i) {
    absl::StrAppend(&text, i, ",");
  }
  text.resize(size);
  return text;
}

// The header as it stands there, for lengths that are not in their shortest form.
std::string Header(std::initializer_list<int> bytes) {
  std::string header;
  for (const int byte : bytes) header += static_cast<char>(byte);
  return header + std::string(4, '\0');  // a mask that changes nothing
}

void AddSizes(std::vector<Case>& cases) {
  for (const size_t size : kSizes) {
    const std::string text = TextOf(size);
    cases.push_back({absl::StrCat("TextOf", size),
                     ClientFrame(kText, text),
                     {absl::StrCat("text ", Shown(text))}});
    cases.push_back(
        {absl::StrCat("BinaryOf", size), ClientFrame(kBinary, text), {"text (binary)"}});
  }
}

void AddMasks(std::vector<Case>& cases) {
  const std::string text = TextOf(100);
  const std::pair<const char*, std::string> kMasks[] = {{"Zero", std::string(4, '\0')},
                                                        {"Ones", std::string(4, '\xff')},
                                                        {"Mixed", "\x01\x80\xfe\x7f"}};
  for (const auto& [name, key] : kMasks) {
    cases.push_back({absl::StrCat("MaskOf", name),
                     ClientFrame(kText, text, {.key = key}),
                     {absl::StrCat("text ", Shown(text))}});
  }
  cases.push_back({"TextNotMasked", ClientFrame(kText, "a", {.masked = false}), kFailed, 2});
  cases.push_back({"EmptyTextNotMasked", ClientFrame(kText, "", {.masked = false}), kFailed, 2});
  cases.push_back({"PingNotMasked", ClientFrame(kPing, "", {.masked = false}), kFailed, 2});
  cases.push_back({"CloseNotMasked", ClientFrame(kClose, "", {.masked = false}), kFailed, 2});
}

// Lengths that are not in their shortest form, and those with their highest bit set.
void AddLongForms(std::vector<Case>& cases) {
  cases.push_back({"LengthOf0InTwoBytes", Header({0x81, 0xfe, 0, 0}), kFailed, 8});
  cases.push_back(
      {"LengthOf125InTwoBytes", Header({0x81, 0xfe, 0, 125}) + TextOf(125), kFailed, 8});
  cases.push_back({"LengthOf126InEightBytes",
                   Header({0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 126}) + TextOf(126), kFailed, 14});
  cases.push_back({"LengthOf65535InEightBytes", Header({0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff}),
                   kFailed, 14});
  cases.push_back(
      {"LengthOfTheHighestBit", Header({0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0}), kFailed, 14});
  cases.push_back({"LengthOfAllBits", Header({0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 255}),
                   kFailed, 14});
}

}  // namespace

std::vector<Case> FramingCases() {
  std::vector<Case> cases;
  AddSizes(cases);
  AddMasks(cases);
  AddLongForms(cases);
  Case many{"ThousandTexts", "", {}};
  for (int i = 0; i < 1'000; ++i) {
    many.bytes += ClientFrame(kText, absl::StrCat(i));
    many.wanted.push_back(absl::StrCat("text ", i));
  }
  cases.push_back(std::move(many));
  return cases;
}

}  // namespace tocsin::bridge::conformance
