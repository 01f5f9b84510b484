#include "bridge/alerts/identity.h"

#include <cstdint>
#include <map>
#include <string_view>

#include "absl/strings/str_format.h"
#include "bridge/http/derived_id.h"
#include "core/event/canonical.h"

namespace tocsin::bridge {
namespace {

class Fnv1a {
 public:
  void Add(std::string_view text) {
    for (const char c : text) {
      AddByte(static_cast<unsigned char>(c));
    }
  }
  void AddByte(unsigned char byte) { hash_ = (hash_ ^ byte) * 1'099'511'628'211u; }
  uint64_t hash() const { return hash_; }

 private:
  uint64_t hash_ = 14'695'981'039'346'656'037u;
};

constexpr unsigned char kSeparator = 0xFF;  // in no UTF-8

}  // namespace

std::string LabelFingerprint(const google::protobuf::Map<std::string, std::string>& labels) {
  std::map<std::string_view, std::string_view> sorted;
  for (const auto& [name, value] : labels) {
    if (!value.empty()) {
      sorted[name] = value;
    }
  }
  Fnv1a hash;
  for (const auto& [name, value] : sorted) {
    hash.Add(name);
    hash.AddByte(kSeparator);
    hash.Add(value);
    hash.AddByte(kSeparator);
  }
  return absl::StrFormat("%016x", hash.hash());
}

std::string AlertContentId(const v1::Alert& alert) {
  v1::Alert content = alert;
  content.clear_id();
  content.clear_received_at();
  return DerivedUuid("alert of a sender", {CanonicalBytes(content)});
}

}  // namespace tocsin::bridge
