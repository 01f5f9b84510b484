#include "bridge/graphql/enum_names.h"

#include "absl/strings/ascii.h"

namespace tocsin::bridge::graphql {

std::string EnumPrefix(std::string_view type) {
  std::string prefix;
  for (const char c : type) {
    if (!prefix.empty() && absl::ascii_isupper(static_cast<unsigned char>(c))) {
      prefix += '_';
    }
    prefix += absl::ascii_toupper(static_cast<unsigned char>(c));
  }
  return prefix + "_";
}

std::vector<std::string_view> EnumNames(const google::protobuf::EnumDescriptor& type) {
  const size_t prefix = EnumPrefix(type.name()).size();
  std::vector<std::string_view> names(1);
  for (int i = 0; i < type.value_count(); ++i) {
    const auto number = static_cast<size_t>(type.value(i)->number());
    if (number == 0) continue;
    names.resize(std::max(names.size(), number + 1));
    names[number] = std::string_view(type.value(i)->name()).substr(prefix);
  }
  return names;
}

}  // namespace tocsin::bridge::graphql
