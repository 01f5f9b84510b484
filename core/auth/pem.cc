#include "core/auth/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace tocsin {
namespace {

// What stands between BEGIN and END.
struct Block {
  std::string label;
  std::string der;
};

absl::Status Wrong(std::string what) { return absl::InvalidArgumentError(what); }

// The next block; nothing after the last.
absl::StatusOr<std::optional<Block>> NextBlock(BIO* in) {
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(in, &label, &header, &data, &size) != 1) {
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    ERR_clear_error();
    if (reason == PEM_R_NO_START_LINE) {
      return std::nullopt;
    }
    return Wrong("a block of the PEM file is damaged or does not end");
  }
  Block block{label, std::string(reinterpret_cast<const char*>(data), static_cast<size_t>(size))};
  OPENSSL_free(label);
  OPENSSL_free(header);
  OPENSSL_clear_free(data, static_cast<size_t>(size));
  return block;
}

// nullptr when the block holds no key of that kind.
PkeyPtr KeyOf(const Block& block) {
  const unsigned char* at = BytesOf(block.der);
  const long size = static_cast<long>(block.der.size());
  PkeyPtr key;
  if (block.label == PEM_STRING_PUBLIC) {
    key.reset(d2i_PUBKEY(nullptr, &at, size));
  } else if (block.label == PEM_STRING_RSA_PUBLIC) {
    key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, size));
  } else if (const X509Ptr certificate{d2i_X509(nullptr, &at, size)}) {
    key.reset(X509_get_pubkey(certificate.get()));
  }
  ERR_clear_error();
  return key;
}

absl::Status CheckLabel(const std::string& label, bool& has_certificate) {
  if (label.ends_with("PRIVATE KEY")) {
    return Wrong("holds a private key; give the public one (openssl pkey -pubout makes it)");
  }
  if (label == PEM_STRING_X509) {
    if (std::exchange(has_certificate, true)) {
      return Wrong("holds several certificates; give the one whose key signs tokens");
    }
    return absl::OkStatus();
  }
  if (label != PEM_STRING_PUBLIC && label != PEM_STRING_RSA_PUBLIC) {
    return Wrong("holds another block than PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadPem(std::string_view text, Algorithm rsa, std::vector<Key>& keys) {
  const BioPtr in = BioOf(text);
  const size_t before = keys.size();
  bool has_certificate = false;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<Block> block, NextBlock(in.get()));
    if (!block) {
      break;
    }
    RETURN_IF_ERROR(CheckLabel(block->label, has_certificate));
    PkeyPtr key = KeyOf(*block);
    const std::optional<Algorithm> algorithm =
        key == nullptr ? std::nullopt : AlgorithmFor(*key, rsa);
    if (!algorithm) {
      return Wrong(absl::StrCat("a ", block->label, " is no RSA or P-256 key"));
    }
    ASSIGN_OR_RETURN(Key made, Key::OfPublicKey(std::move(key), *algorithm, ""));
    keys.push_back(std::move(made));
  }
  return keys.size() > before ? absl::OkStatus() : Wrong("holds no PEM block, such as PUBLIC KEY");
}

}  // namespace tocsin
