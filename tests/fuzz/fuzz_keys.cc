// No file of keys, and no answer of an address, brings the reader down. What is taken is bounded, and
// verifies no text that it did not sign.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/auth/key_set.h"
#include "core/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tocsin::KeySet;
  using tocsin::KeyText;
  for (const auto form : {KeyText::Form::kJwks, KeyText::Form::kPem, KeyText::Form::kSecret}) {
    const KeyText text{form, "fuzz", std::string(reinterpret_cast<const char*>(data), size)};
    const auto set = KeySet::Parse({&text, 1}, {});
    if (!set.ok()) {
      continue;
    }
    TOCSIN_CHECK(!(*set)->keys().empty() && (*set)->keys().size() <= KeySet::kMaxKeys);
    for (const tocsin::Key& key : (*set)->keys()) {
      TOCSIN_CHECK(!key.Verifies("text", "signature"));
      TOCSIN_CHECK(!key.Verifies("text", std::string(64, '\x01')));
    }
  }
  return 0;
}
