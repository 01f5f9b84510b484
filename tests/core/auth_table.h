// auth_table.h: makes the tokens of tests/tokens/table.json (tests/tokens/README.md has its form).
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <charconv>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "core/auth/key_set.h"
#include "tests/core/auth_keys.h"

namespace tocsin::testing {

// Everybody who signs in the table.
struct TableKeys {
  TestKey rsa = TestKey::Rsa();
  TestKey rsa2 = TestKey::Rsa();
  TestKey pss = TestKey::Rsa();
  TestKey enc = TestKey::Rsa();
  TestKey other_rsa = TestKey::Rsa();
  TestKey ec = TestKey::Ec();
  TestKey other_ec = TestKey::Ec();

  static const TableKeys& Get() {
    static const auto* const keys = new TableKeys;
    return *keys;
  }

  SigningKey SignerOf(std::string_view name) const {
    const auto secret = [](std::string_view text) { return SigningKey::OfSecret(text).value(); };
    const std::map<std::string_view, std::function<SigningKey()>> signers = {
        {"secret", [&] { return secret(kTestSecret); }},
        {"other_secret", [&] { return secret("another secret of more than 32 bytes"); }},
        {"rsa", [&] { return rsa.Signs(); }},
        {"rsa2", [&] { return rsa2.Signs(); }},
        {"enc", [&] { return enc.Signs(); }},
        {"other_rsa", [&] { return other_rsa.Signs(); }},
        {"pss", [&] { return pss.Signs(Algorithm::kPs256); }},
        {"rsa_as_pss", [&] { return rsa.Signs(Algorithm::kPs256); }},
        {"pss_as_rsa", [&] { return pss.Signs(); }},
        {"ec", [&] { return ec.Signs(); }},
        {"other_ec", [&] { return other_ec.Signs(); }},
        {"rsa_pem_as_secret", [&] { return secret(rsa.PublicPem()); }},
        {"rsa_der_as_secret", [&] { return secret(rsa.PublicDer()); }},
        {"rsa_n_as_secret", [&] { return secret(rsa.Modulus()); }},
        {"ec_pem_as_secret", [&] { return secret(ec.PublicPem()); }},
    };
    return signers.at(name)();
  }

  // "secret", "pem" or "jwks".
  KeyText TextOf(std::string_view keys) const {
    if (keys == "secret") {
      return {KeyText::Form::kSecret, "secret", std::string(kTestSecret)};
    }
    if (keys == "pem") {
      return {KeyText::Form::kPem, "rsa.pem", rsa.PublicPem()};
    }
    const std::string set =
        absl::StrCat(R"({"keys":[)", rsa.Jwk(R"(,"kid":"r1","use":"sig","alg":"RS256")"), ",",
                     enc.Jwk(R"(,"kid":"x1","use":"enc","alg":"RSA-OAEP")"), ",",
                     rsa2.Jwk(R"(,"kid":"r2","use":"sig","alg":"RS256")"), ",",
                     pss.Jwk(R"(,"kid":"p1","use":"sig","alg":"PS256")"), ",",
                     ec.Jwk(R"(,"kid":"e1","use":"sig","alg":"ES256")"), "]}");
    return {KeyText::Form::kJwks, "jwks.json", set};
  }
};

inline boost::json::array ReadTable() {
  std::ifstream file(TOCSIN_SOURCE_DIR "/tests/tokens/table.json");
  std::stringstream text;
  text << file.rdbuf();
  return boost::json::parse(text.str()).as_array();
}

class TableToken {
 public:
  TableToken(const boost::json::object& row, absl::Time now) : row_(row), now_(now) {}

  std::string key() const { return Text("key", "secret"); }
  std::string keys() const {
    return Text("keys", key().find("secret") == std::string::npos ? "jwks" : "secret");
  }

  std::string Make() const {
    const SigningKey signer = TableKeys::Get().SignerOf(key());
    const std::string header = Header(signer.algorithm());
    const std::string claims = Claims();
    const std::string changed = Changed(header, claims);
    const std::string h = EncodeBase64Url(header);
    const std::string c = EncodeBase64Url(claims);
    const std::string signs = Text("signs", "all");
    const std::string signature = signer.Sign(signs == "claims"    ? c
                                              : signs == "nothing" ? ""
                                                                   : absl::StrCat(h, ".", c));
    std::string zeros(signature.size(), '\0');
    std::string flipped = signature;
    flipped[0] = static_cast<char>(flipped[0] ^ 1);
    return absl::StrReplaceAll(Text("token", "{header}.{claims}.{signature}"),
                               {{"{header}", h},
                                {"{header:loose}", Loose(h)},
                                {"{claims}", c},
                                {"{changed}", EncodeBase64Url(changed)},
                                {"{signature}", EncodeBase64Url(signature)},
                                {"{signature:loose}", Loose(EncodeBase64Url(signature))},
                                {"{signature:plain}", absl::Base64Escape(signature)},
                                {"{signature:flip}", EncodeBase64Url(flipped)},
                                {"{signature:short}", EncodeBase64Url(signature.substr(1))},
                                {"{signature:long}", EncodeBase64Url(signature + '\0')},
                                {"{signature:zeros}", EncodeBase64Url(zeros)},
                                {"{signature:der}", EncodeBase64Url(Der(signature))}});
  }

 private:
  std::string Text(std::string_view field, std::string_view otherwise) const {
    const boost::json::value* const value = row_.if_contains(field);
    return value == nullptr ? std::string(otherwise) : std::string(value->as_string());
  }

  static void Lay(const boost::json::value* over, boost::json::object& under) {
    if (over == nullptr) return;
    for (const auto& [name, value] : over->as_object()) {
      if (value.is_null()) {
        under.erase(name);
      } else {
        under[name] = value;
      }
    }
  }

  // "@+300" and "@x4200" into what they stand for.
  std::string Timed(std::string text) const {
    for (size_t at = text.find("\"@"); at != text.npos; at = text.find("\"@", at + 1)) {
      const size_t end = text.find('"', at + 1);
      const std::string_view inside = std::string_view(text).substr(at + 3, end - at - 3);
      int64_t number = 0;
      std::from_chars(inside.data(), inside.data() + inside.size(), number);
      const char sign = text[at + 2];
      const std::string made =
          sign == 'x' ? absl::StrCat("\"", std::string(static_cast<size_t>(number), 'x'), "\"")
                      : absl::StrCat(absl::ToUnixSeconds(now_) + (sign == '-' ? -number : number));
      text.replace(at, end + 1 - at, made);
    }
    return text;
  }

  std::string Header(Algorithm algorithm) const {
    if (row_.contains("header_text")) return Text("header_text", "");
    boost::json::object header = {{"alg", std::string(NameOf(algorithm))}, {"typ", "JWT"}};
    Lay(row_.if_contains("header"), header);
    return boost::json::serialize(header);
  }

  boost::json::object GoodClaims() const {
    return {{"sub", "alice"}, {"iss", "https://id.example"},  {"aud", "tocsin"}, {"iat", "@-10"},
            {"exp", "@+300"}, {"tocsin", {{"publish", true}}}};
  }
  std::string Claims() const {
    if (row_.contains("claims_hex")) return absl::HexStringToBytes(Text("claims_hex", ""));
    if (row_.contains("claims_text")) return Timed(Text("claims_text", ""));
    boost::json::object claims = GoodClaims();
    Lay(row_.if_contains("claims"), claims);
    return Timed(boost::json::serialize(claims));
  }
  std::string Changed(const std::string& header, const std::string& claims) const {
    if (!row_.contains("changed")) return "";
    const bool of_header = row_.at("changed").as_object().contains("alg");
    boost::json::object changed = boost::json::parse(of_header ? header : claims).as_object();
    Lay(&row_.at("changed"), changed);
    return boost::json::serialize(changed);
  }

  // Sets bits of the last letter that belong to no byte, where there are any.
  static std::string Loose(std::string text) {
    if (text.size() % 4 == 0) return "no bits are left over";
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    text.back() = kLetters[kLetters.find(text.back()) + 1];
    return text;
  }

  static std::string Der(const std::string& signature) {
    const auto integer = [](std::string half) {
      half.erase(0, std::min(half.find_first_not_of('\0'), half.size() - 1));
      if ((half[0] & 0x80) != 0) half.insert(0, 1, '\0');
      return absl::StrCat("\x02", std::string(1, static_cast<char>(half.size())), half);
    };
    const std::string both =
        absl::StrCat(integer(signature.substr(0, 32)), integer(signature.substr(32)));
    return absl::StrCat("\x30", std::string(1, static_cast<char>(both.size())), both);
  }

  const boost::json::object& row_;
  const absl::Time now_;
};

}  // namespace tocsin::testing
