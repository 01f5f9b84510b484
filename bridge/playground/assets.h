// assets.h: the files of GraphiQL, as they were built into the program.
//
// Shape:   build.mjs packs them into one file, which the assembler includes as it is (pack.S). A
//          program that was built where no Node was has none.
// Threads: const once they have been read.
// Owns:    nothing; an asset's texts point into the pack.
// Errors:  Read: INVALID_ARGUMENT for a pack that is cut or was made otherwise.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tocsin::bridge::playground {

struct Asset {
  std::string_view name;  // "main.js"
  std::string_view media_type;
  bool gzip = false;     // of `bytes`
  std::string_view tag;  // of the content
  std::string_view bytes;
};

class Assets {
 public:
  // `pack` outlives the assets; an empty one has none.
  static absl::StatusOr<Assets> Read(std::string_view pack);
  // This program's own.
  static const Assets& BuiltIn();

  bool empty() const { return assets_.empty(); }
  const Asset* Find(std::string_view name) const;

 private:
  std::vector<Asset> assets_;
};

// The page itself, among them.
inline constexpr std::string_view kPage = "index.html";

}  // namespace tocsin::bridge::playground
