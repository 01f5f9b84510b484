// permessage-deflate, agreed on: what comes compressed, in one frame and in fragments, and what is no
// message of it. Texts of kDeflateFrom bytes and more come back compressed.
#include "absl/strings/str_cat.h"
#include "tests/bridge/client_deflate.h"
#include "tests/bridge/conformance/echo_server.h"

namespace tocsin::bridge::conformance {
namespace {

using testing::Compress;

const Lines kTooLarge = {"close 1009", "end"};

std::string TextOf(size_t size) {
  std::string text;
  for (size_t i = 0; text.size() < size; ++i) {
    absl::StrAppend(&text, i * i, " ");
  }
  text.resize(size);
  return text;
}

std::string Compressed(std::string_view payload, bool final = true, int opcode = kText) {
  return ClientFrame(opcode, payload, {.final = final, .reserved = 4});
}

Lines Echo(std::string_view text) { return {absl::StrCat("text ", Shown(text))}; }

// Every size with every window that a client may have agreed to, and with none of it compressed.
void AddSizes(std::vector<Case>& cases) {
  for (const size_t size :
       {0, 1, 16, 64, 125, 126, 127, 128, 256, 1'024, 4'096, 16'384, 65'535, 65'536}) {
    const std::string text = TextOf(size);
    for (int bits = 9; bits <= 15; ++bits) {
      cases.push_back({absl::StrCat("DeflateOf", size, "Window", bits),
                       Compressed(Compress(text, bits)), Echo(text)});
    }
    cases.push_back(
        {absl::StrCat("DeflateOf", size, "Stored"), Compressed(Compress(text, 15, 0)), Echo(text)});
    cases.push_back(
        {absl::StrCat("DeflateOf", size, "Plain"), ClientFrame(kText, text), Echo(text)});
  }
}

void AddFragments(std::vector<Case>& cases) {
  const std::string text = TextOf(300);
  const std::string packed = Compress(text);
  Case bytes{"DeflateAFragmentForEachByte", Compressed("", false), {}};
  for (const char byte : packed) {
    bytes.bytes += Part(kContinue, std::string(1, byte)) + ClientFrame(kPing, "p");
    bytes.wanted.emplace_back("pong p");
  }
  bytes.bytes += ClientFrame(kContinue, "");
  bytes.wanted = Then(bytes.wanted, Echo(text));
  cases.push_back(std::move(bytes));
  cases.push_back({"DeflateTwoMessagesStandAlone", Compressed(packed) + Compressed(packed),
                   Then(Echo(text), Echo(text))});
  Case many{"DeflateThousandTexts", "", {}};
  for (size_t i = 0; i < 1'000; ++i) {
    const std::string one = absl::StrCat(i, text.substr(0, i % text.size()));
    many.bytes += Compressed(Compress(one));
    many.wanted = Then(std::move(many.wanted), Echo(one));
  }
  cases.push_back(std::move(many));
  cases.push_back({"DeflateAndPlainInTurn",
                   Compressed(packed) + ClientFrame(kText, "plain") + Compressed(packed),
                   Then(Then(Echo(text), {"text plain"}), Echo(text))});
  cases.push_back(
      {"DeflatePlainFragments", Part(kText, "a") + ClientFrame(kContinue, "b"), {"text ab"}});
  cases.push_back({"DeflateOfABinary", Compressed(packed, true, kBinary), {"text (binary)"}});
}

// Forms that other compressors give.
void AddForms(std::vector<Case>& cases) {
  const std::string hello = "Hello";
  const std::pair<const char*, std::string> kForms[] = {
      {"OneBlock", {"\xf2\x48\xcd\xc9\xc9\x07\x00", 7}},
      {"Stored", {"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11}},
      {"LastBlock", {"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8}},
      {"TwoBlocks", {"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13}}};
  for (const auto& [name, bytes] : kForms) {
    cases.push_back({absl::StrCat("DeflateHelloAs", name), Compressed(bytes), Echo(hello)});
  }
  cases.push_back({"DeflateEmptyAsOneByte", Compressed(std::string(1, '\0')), Echo("")});
  cases.push_back({"DeflateEmptyInFragments",
                   Compressed("", false) + ClientFrame(kContinue, std::string(1, '\0')), Echo("")});
}

void AddBits(std::vector<Case>& cases) {
  const std::string packed = Compress("hello");
  const std::string first = Compressed(packed.substr(0, 2), false);
  cases.push_back({"DeflateBitOnAContinuation",
                   first + ClientFrame(kContinue, packed.substr(2), {.reserved = 4}), kFailed,
                   first.size() + 2});
  cases.push_back({"DeflateBitOnAContinuationOfPlain",
                   Part(kText, "a") + ClientFrame(kContinue, packed, {.reserved = 4}), kFailed, 9});
  const std::pair<const char*, int> kControls[] = {
      {"Ping", kPing}, {"Pong", kPong}, {"Close", kClose}};
  for (const auto& [name, opcode] : kControls) {
    cases.push_back({absl::StrCat("DeflateBitOnA", name), ClientFrame(opcode, "", {.reserved = 4}),
                     kFailed, 2});
  }
  for (const int bits : {1, 2, 3, 5, 6, 7}) {
    cases.push_back({absl::StrCat("DeflateBits", bits),
                     ClientFrame(kText, packed, {.reserved = bits}), kFailed, 2});
  }
}

void AddWrong(std::vector<Case>& cases) {
  const std::string packed = Compress(TextOf(2'000));
  const std::string hello = "hello, hello, once more hello";
  cases.push_back({"DeflateCutOff", Compressed(packed.substr(0, packed.size() / 2)), kNotText});
  // An empty message is one byte: without it the block that ends each has no beginning.
  cases.push_back({"DeflateNothing", Compressed(""), kNotText});
  cases.push_back({"DeflateReservedBlock", Compressed("\x06"), kNotText});
  cases.push_back({"DeflateStoredLengthWrong",
                   Compressed(std::string("\x00\x05\x00\xfa\xfeHello\x00", 11)), kNotText});
  cases.push_back({"DeflateRefersToTheMessageBefore",
                   Compressed(Compress(hello)) + Compressed(Compress(hello, 15, 9, hello)),
                   Then(Echo(hello), kNotText)});
  cases.push_back({"DeflateNotUtf8", Compressed(Compress("caf\xe9")), kNotText});
  cases.push_back({"DeflateUtf8CutOff", Compressed(Compress("caf\xc3")), kNotText});
  cases.push_back({"DeflatePlainNotUtf8", ClientFrame(kText, "caf\xe9 au lait"), kNotText, 6 + 5});
}

void AddBounds(std::vector<Case>& cases) {
  const std::string most(EchoServer::kMaxMessageBytes, 'x');
  cases.push_back({"DeflateMostOfOneLetter", Compressed(Compress(most)), Echo(most)});
  // Not so dense that this alone would end it.
  cases.push_back(
      {"DeflateOneMore", Compressed(Compress(TextOf(most.size() + 1))) + CloseOf(1009), kTooLarge});
  for (const size_t size : {most.size() + 1, size_t{1} << 20, size_t{16} << 20}) {
    cases.push_back({absl::StrCat("DeflateBombOf", size),
                     Compressed(Compress(std::string(size, 'x'))) + CloseOf(1009), kTooLarge});
  }
  const std::string bomb = Compress(std::string(size_t{1} << 20, 'x'));
  cases.push_back({"DeflateBombInFragments",
                   Compressed(bomb.substr(0, 100), false) + Part(kContinue, bomb.substr(100)) +
                       ClientFrame(kContinue, "") + CloseOf(1009),
                   kTooLarge});
  cases.push_back({"DeflateCompressedBeyondTheBound",
                   Compressed(std::string(2 * most.size(), '\0')) + CloseOf(1009), kTooLarge});
}

}  // namespace

std::vector<Case> DeflateCases() {
  std::vector<Case> cases;
  AddSizes(cases);
  AddFragments(cases);
  AddForms(cases);
  AddBits(cases);
  AddWrong(cases);
  AddBounds(cases);
  return cases;
}

}  // namespace tocsin::bridge::conformance
