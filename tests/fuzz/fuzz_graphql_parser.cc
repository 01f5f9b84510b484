// Any text is parsed, or refused at a place within it; what is parsed points into the text.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "bridge/graphql/parser.h"
#include "core/base/check.h"

namespace {

using namespace tocsin::bridge::graphql;

void CheckSelections(const std::vector<Selection>& selections, std::string_view text) {
  TOCSIN_CHECK(!selections.empty());
  for (const Selection& selection : selections) {
    TOCSIN_CHECK(selection.offset < text.size());
    if (selection.kind == Selection::Kind::kField) {
      TOCSIN_CHECK(!selection.response_name().empty());
    }
    if (!selection.selections) continue;
    TOCSIN_CHECK(text[selection.selections_offset] == '{');
    CheckSelections(*selection.selections, text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = Parse(text);
  if (const auto* error = std::get_if<DocumentError>(&parsed)) {
    TOCSIN_CHECK(PlaceAt(text, error->offsets.at(0)).line > 0);
    return 0;
  }
  const auto& document = std::get<Document>(parsed);
  TOCSIN_CHECK(!document.operations.empty() || !document.fragments.empty());
  for (const Operation& operation : document.operations) {
    CheckSelections(operation.selections, text);
  }
  for (const Fragment& fragment : document.fragments) CheckSelections(fragment.selections, text);
  return 0;
}
