#include "core/base/arguments.h"

namespace tocsin {

std::vector<std::string> ReversedArguments(int argc, const char* const* argv) {
  std::vector<std::string> reversed;
  for (int i = argc - 1; i > 0; --i) {
    std::string argument = argv[i];
    const bool empty_value = argument.starts_with("--") && argument.ends_with('=') &&
                             argument.find('=') == argument.size() - 1;
    if (empty_value) {
      argument.pop_back();
      reversed.emplace_back();
    }
    reversed.push_back(std::move(argument));
  }
  return reversed;
}

}  // namespace tocsin
