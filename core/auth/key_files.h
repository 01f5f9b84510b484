// key_files.h: reads keys from files: secrets, public keys and certificates in PEM, JWK sets.
//
// Shape:   each time by the files' names, so that a file that was replaced, or whose folder was (as
//          Kubernetes does), is found.
// Threads: one.
// Errors:  NOT_FOUND, INVALID_ARGUMENT, with the file's name.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/auth/key_source.h"

namespace tocsin {

struct KeyFileNames {
  std::vector<std::string> secrets = {};
  std::vector<std::string> pems = {};
  std::vector<std::string> jwk_sets = {};
};

class KeyFiles : public KeyReader {
 public:
  explicit KeyFiles(KeyFileNames names) : names_(std::move(names)) {}
  absl::StatusOr<std::vector<KeyText>> Read() override;

 private:
  const KeyFileNames names_;
};

// At most KeySet::kMaxTextBytes.
absl::StatusOr<std::string> ReadKeyFile(const std::string& name);
// What is in the file of a secret; a line's end at its end is no part of it.
absl::StatusOr<std::string> ReadSecretFile(const std::string& name);

}  // namespace tocsin
