#include "core/auth/key_files.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/auth/secret_text.h"
#include "core/base/status_macros.h"

namespace tocsin {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

absl::Status CannotRead(const std::string& name, int error) {
  const std::string why = std::generic_category().message(error);
  return absl::NotFoundError(absl::StrCat("cannot read ", name, ": ", why));
}

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
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(name.c_str(), "rbe"));
  if (file == nullptr) {
    return CannotRead(name, errno);
  }
  std::string text;
  std::array<char, 4096> part;
  while (const size_t size = std::fread(part.data(), 1, part.size(), file.get())) {
    text.append(part.data(), size);
    if (text.size() > KeySet::kMaxTextBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " is too large; allowed: at most ", KeySet::kMaxTextBytes, " bytes"));
    }
  }
  if (std::ferror(file.get()) != 0) {
    return CannotRead(name, errno);
  }
  return text;
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
