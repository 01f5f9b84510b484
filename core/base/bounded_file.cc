#include "core/base/bounded_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

absl::Status CannotRead(const std::string& name, int error) {
  const std::string why = std::generic_category().message(error);
  return absl::NotFoundError(absl::StrCat("cannot read ", name, ": ", why));
}

}  // namespace

absl::StatusOr<std::string> ReadBoundedFile(const std::string& name, size_t most_bytes) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(name.c_str(), "rbe"));
  if (file == nullptr) {
    return CannotRead(name, errno);
  }
  std::string text;
  std::array<char, 4096> part;
  while (const size_t size = std::fread(part.data(), 1, part.size(), file.get())) {
    text.append(part.data(), size);
    if (text.size() > most_bytes) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " is too large; allowed: at most ", most_bytes, " bytes"));
    }
  }
  if (std::ferror(file.get()) != 0) {
    return CannotRead(name, errno);
  }
  return text;
}

}  // namespace tocsin
