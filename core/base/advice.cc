#include "core/base/advice.h"

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/strings.h"

namespace tocsin {

void AdviseOnSecretFile(std::string_view setting, const std::string& path, Advice& advice) {
  struct stat found = {};
  if (path.empty() || stat(path.c_str(), &found) != 0 ||
      (found.st_mode & (S_IRWXG | S_IRWXO)) == 0) {
    return;
  }
  advice.push_back(absl::StrCat(ToAbsl(setting), " ", path,
                                ": other users of this machine may read it (mode ",
                                absl::StrFormat("%04o", found.st_mode & 07777), "); chmod 600"));
}

}  // namespace tocsin
