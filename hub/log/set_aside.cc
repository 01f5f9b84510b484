#include "hub/log/set_aside.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tocsin::hub {
namespace {

namespace fs = std::filesystem;

absl::Status SystemError(std::string_view doing, const std::string& path,
                         const std::error_code& error) {
  return absl::UnavailableError(
      absl::StrCat("cannot ", std::string(doing), " ", path, ": ", error.message()));
}

// The folders that have their lasting names, the oldest first.
std::vector<std::string> NamedAside(const std::string& dir) {
  const std::string prefix = absl::StrCat(dir, ".damaged-");
  std::vector<std::string> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(dir).parent_path(), error)) {
    const std::string path = entry.path().native();
    if (path.starts_with(prefix) && path.size() > prefix.size() &&
        absl::ascii_isdigit(static_cast<unsigned char>(path[prefix.size()]))) {
      folders.push_back(path);
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

}  // namespace

absl::Status SetAside(const std::string& dir, const std::string& aside,
                      const std::function<bool(std::string_view)>& want) {
  ForgetAside(aside);
  std::error_code error;
  fs::create_directory(aside, error);
  fs::permissions(aside, fs::perms::owner_all, error);
  if (error) {
    return SystemError("make the folder", aside, error);
  }
  for (const auto& entry : fs::directory_iterator(dir, error)) {
    const std::string name = entry.path().filename();
    if (want(name)) {
      fs::create_hard_link(entry.path(), aside + "/" + name, error);
    }
    if (error) {
      return SystemError("keep a damaged file in", aside, error);
    }
  }
  return error ? SystemError("read the folder", dir, error) : absl::OkStatus();
}

void ForgetAside(const std::string& aside) {
  std::error_code error;
  fs::remove_all(aside, error);
}

absl::StatusOr<std::string> NameAside(const std::string& dir, const std::string& aside,
                                      absl::Time now) {
  const std::string stamp = absl::FormatTime("%Y%m%dT%H%M%SZ", now, absl::UTCTimeZone());
  std::string name = absl::StrCat(dir, ".damaged-", stamp);
  for (int more = 2; fs::exists(name); ++more) {
    name = absl::StrCat(dir, ".damaged-", stamp, "-", more);
  }
  std::error_code error;
  fs::rename(aside, name, error);
  return error ? absl::StatusOr<std::string>(SystemError("rename", aside, error)) : name;
}

std::vector<std::string> DropOldAside(const std::string& dir, const std::vector<std::string>& now) {
  std::vector<std::string> kept = NamedAside(dir);
  std::vector<std::string> dropped;
  for (size_t i = 1; i < kept.size() && kept.size() - dropped.size() > kFoldersAside; ++i) {
    std::error_code error;
    if (std::find(now.begin(), now.end(), kept[i]) == now.end() &&
        fs::remove_all(kept[i], error) > 0 && !error) {
      dropped.push_back(kept[i]);
    }
  }
  return dropped;
}

}  // namespace tocsin::hub
