#include "core/auth/key_files.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/auth/secret_text.h"
#include "core/base/bounded_file.h"
#include "core/base/status_macros.h"

namespace tocsin {
namespace {

absl::Status Append(const std::vector<std::string>& names, KeyText::Form form,
                    std::vector<KeyText>& texts) {
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(std::string text, ReadKeyFile(name));
    texts.push_back({form, name, std::move(text)});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<KeyText>> KeyFiles::Read() {
  std::vector<KeyText> texts;
  RETURN_IF_ERROR(Append(names_.secrets, KeyText::Form::kSecret, texts));
  RETURN_IF_ERROR(Append(names_.pems, KeyText::Form::kPem, texts));
  RETURN_IF_ERROR(Append(names_.jwk_sets, KeyText::Form::kJwks, texts));
  return texts;
}

absl::StatusOr<std::string> ReadKeyFile(const std::string& name) {
  return ReadBoundedFile(name, KeySet::kMaxTextBytes);
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& name) {
  ASSIGN_OR_RETURN(std::string text, ReadKeyFile(name));
  absl::StatusOr<std::string_view> secret = SecretIn(text);
  if (!secret.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": ", secret.status().message()));
  }
  return std::string(*secret);
}

}  // namespace tocsin
