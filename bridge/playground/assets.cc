#include "bridge/playground/assets.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/check.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"

// pack.S
extern "C" const char tocsin_playground_pack[];
extern "C" const char tocsin_playground_pack_end[];

namespace tocsin::bridge::playground {
namespace {

// Takes the asset's bytes from the front of `rest`.
absl::StatusOr<Asset> ReadAsset(absl::string_view line, std::string_view& rest) {
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
  size_t size = 0;
  if (words.size() != 5 || !absl::SimpleAtoi(words[4], &size) || size > rest.size()) {
    return absl::InvalidArgumentError(absl::StrCat("the pack of GraphiQL is damaged at: ", line));
  }
  Asset asset{.name = ToStd(words[0]),
              .media_type = ToStd(words[1]),
              .gzip = words[2] == "gzip",
              .tag = ToStd(words[3]),
              .bytes = rest.substr(0, size)};
  rest.remove_prefix(size);
  return asset;
}

}  // namespace

absl::StatusOr<Assets> Assets::Read(std::string_view pack) {
  Assets assets;
  const size_t head = pack.find("\n\n");
  if (pack.empty()) {
    return assets;
  }
  if (head == std::string_view::npos) {
    return absl::InvalidArgumentError("the pack of GraphiQL has no end of its head");
  }
  std::string_view rest = pack.substr(head + 2);
  for (const absl::string_view line : absl::StrSplit(ToAbsl(pack.substr(0, head)), '\n')) {
    ASSIGN_OR_RETURN(Asset asset, ReadAsset(line, rest));
    assets.assets_.push_back(asset);
  }
  if (!rest.empty() || assets.Find(kPage) == nullptr) {
    return absl::InvalidArgumentError("the pack of GraphiQL is not what its head says");
  }
  return assets;
}

const Assets& Assets::BuiltIn() {
  static const Assets* const built_in = [] {
    const char* const begin = tocsin_playground_pack;
    const char* const end = tocsin_playground_pack_end;
    absl::StatusOr<Assets> read = Read({begin, static_cast<size_t>(end - begin)});
    TOCSIN_CHECK(read.ok());
    return new Assets(*std::move(read));
  }();
  return *built_in;
}

const Asset* Assets::Find(std::string_view name) const {
  const auto found = std::ranges::find(assets_, name, &Asset::name);
  return found == assets_.end() ? nullptr : &*found;
}

}  // namespace tocsin::bridge::playground
