#include "bridge/http/derived_id.h"

#include <openssl/sha.h>

#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/strings.h"

namespace tocsin::bridge {

std::string DerivedUuid(std::string_view space, std::initializer_list<std::string_view> parts) {
  std::string text = absl::StrCat(space.size(), ":", ToAbsl(space));
  for (const std::string_view part : parts) {
    absl::StrAppend(&text, part.size(), ":", ToAbsl(part));
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  digest[6] = static_cast<unsigned char>(0x80 | (digest[6] & 0x0f));  // version
  digest[8] = static_cast<unsigned char>(0x80 | (digest[8] & 0x3f));  // variant
  std::string hex =
      absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest.data()), 16));
  for (const size_t dash : {8, 13, 18, 23}) {
    hex.insert(dash, 1, '-');
  }
  return hex;
}

}  // namespace tocsin::bridge
