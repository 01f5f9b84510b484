#include "bridge/ws/extensions.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/ws/deflate.h"

namespace tocsin::bridge::ws {
namespace {

constexpr int kMinWindowBits = 8;
constexpr int kMaxWindowBits = 15;

struct Parameter {
  std::string_view name;
  std::optional<std::string> value;
};

struct Offer {
  std::string_view name;
  std::vector<Parameter> parameters;
};

// extension-list = 1#(token *(";" token ["=" (token | quoted-string)]))
class OfferReader {
 public:
  explicit OfferReader(std::string_view text) : rest_(text) {}

  // The next offer; nothing at the end and after an error in the grammar.
  std::optional<Offer> Next() {
    while (Take(',')) {  // a list may have empty elements
    }
    Offer offer{.name = Token(), .parameters = {}};
    bool good = !offer.name.empty();
    while (good && Take(';')) {
      Parameter parameter{.name = Token(), .value = std::nullopt};
      good = !parameter.name.empty();
      if (good && Take('=')) {
        parameter.value = Value();
        good = parameter.value.has_value();
      }
      offer.parameters.push_back(std::move(parameter));
    }
    SkipSpace();
    if (!good || (!rest_.empty() && rest_.front() != ',')) {
      rest_ = {};
      return std::nullopt;
    }
    return offer;
  }

 private:
  static bool IsTokenChar(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  }

  void SkipSpace() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) {
      rest_.remove_prefix(1);
    }
  }
  bool Take(char c) {
    SkipSpace();
    if (rest_.empty() || rest_.front() != c) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view Token() {
    SkipSpace();
    size_t end = 0;
    while (end < rest_.size() && IsTokenChar(rest_[end])) {
      ++end;
    }
    const std::string_view token = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return token;
  }
  // A token. A quoted string must hold a token, too.
  std::optional<std::string> Value() {
    if (!Take('"')) {
      const std::string_view token = Token();
      return token.empty() ? std::nullopt : std::optional<std::string>(token);
    }
    std::string value;
    for (; !rest_.empty() && rest_.front() != '"'; rest_.remove_prefix(1)) {
      if (rest_.front() == '\\') {
        rest_.remove_prefix(1);
      }
      if (rest_.empty() || !IsTokenChar(rest_.front())) {
        return std::nullopt;
      }
      value += rest_.front();
    }
    return Take('"') && !value.empty() ? std::optional(value) : std::nullopt;
  }

  std::string_view rest_;
};

// A number from 8 to 15 without leading zeros; 0 for anything else.
int WindowBits(const std::string& text) {
  int bits = 0;
  for (char c : text) {
    if (c < '0' || c > '9' || (bits == 0 && c == '0') || bits > kMaxWindowBits) {
      return 0;
    }
    bits = bits * 10 + (c - '0');
  }
  return bits >= kMinWindowBits && bits <= kMaxWindowBits ? bits : 0;
}

// Whether this server can do what the parameter asks for.
bool CanBeMet(const Parameter& parameter) {
  if (parameter.name == "server_no_context_takeover" ||
      parameter.name == "client_no_context_takeover") {
    return !parameter.value.has_value();
  }
  if (parameter.name == "server_max_window_bits") {
    return parameter.value.has_value() && WindowBits(*parameter.value) >= kDeflateWindowBits;
  }
  if (parameter.name == "client_max_window_bits") {  // a client's window may have any size
    return !parameter.value.has_value() || WindowBits(*parameter.value) != 0;
  }
  return false;
}

bool Has(const Offer& offer, std::string_view name, size_t before) {
  for (size_t i = 0; i < before; ++i) {
    if (offer.parameters[i].name == name) {
      return true;
    }
  }
  return false;
}

bool CanBeMet(const Offer& offer) {
  for (size_t i = 0; i < offer.parameters.size(); ++i) {
    const Parameter& parameter = offer.parameters[i];
    if (!CanBeMet(parameter) || Has(offer, parameter.name, i)) {
      return false;
    }
  }
  return offer.name == "permessage-deflate";
}

}  // namespace

std::optional<std::string> AgreeOnDeflate(std::string_view offers) {
  OfferReader reader(offers);
  while (const std::optional<Offer> offer = reader.Next()) {
    if (CanBeMet(*offer)) {
      std::string answer =
          "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
      if (Has(*offer, "server_max_window_bits", offer->parameters.size())) {
        absl::StrAppend(&answer, "; server_max_window_bits=", kDeflateWindowBits);
      }
      return answer;
    }
  }
  return std::nullopt;
}

}  // namespace tocsin::bridge::ws
