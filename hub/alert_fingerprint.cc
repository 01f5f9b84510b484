#include "hub/alert_fingerprint.h"

#include <openssl/sha.h>

#include <array>
#include <set>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "core/event/names.h"

namespace tocsin::hub {
namespace {

void Add(std::string& text, std::string_view part) {
  absl::StrAppend(&text, part.size(), ":", ToAbsl(part));
}

}  // namespace

std::string DefaultFingerprint(const v1::Alert& alert) {
  std::string text;
  Add(text, alert.source());
  Add(text, NameOf(alert.alert_type()));
  Add(text, alert.title());
  const std::set<std::string_view> services(alert.affected_services().begin(),
                                            alert.affected_services().end());
  for (const std::string_view service : services) {
    if (!service.empty()) {
      Add(text, service);
    }
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace tocsin::hub
