#include "bridge/graphql/root_results.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin::bridge::graphql {

void RootResults::Fail(size_t index, Error error) {
  Slot& slot = slots_[index];
  slot.json.clear();
  const bool is_null = ResultWriter(slot.json, slot.errors, /*has_history=*/true)
                           .RootError(field(index), std::move(error));
  data_is_null_ = data_is_null_ || !is_null;
}

void RootResults::Settle(size_t index, bool has_value) {
  data_is_null_ = data_is_null_ || !has_value;
  Slot& slot = slots_[index];
  slot.json.shrink_to_fit();
  if (bytes_ + slot.json.size() > kMostBytes) {
    return Fail(index, {.message = absl::StrCat("the result would be larger than ", kMostBytes,
                                                " bytes; ask for smaller pages, or for less"),
                        .code = kBadUserInput,
                        .reason = "MESSAGE_TOO_LARGE"});
  }
  bytes_ += slot.json.size();
}

std::string RootResults::Text(absl::Time now) const {
  std::string text;
  text.reserve(bytes_ + 64 * slots_.size() + 64);
  Errors errors;
  text += R"({"data":)";
  text += data_is_null_ ? "null" : "{";
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (!data_is_null_) {
      text += i > 0 ? "," : "";
      text += field(i).key;
      text += slots_[i].json;
    }
    std::ranges::copy(slots_[i].errors, std::back_inserter(errors));
  }
  text += data_is_null_ ? "" : "}";
  if (!errors.empty()) {
    text += R"(,"errors":)";
    AppendErrors(text, errors, now);
  }
  text += '}';
  return text;
}

}  // namespace tocsin::bridge::graphql
