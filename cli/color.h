// color.h: whether text has colours: --color auto, always or never.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <string>

namespace tocsin::cli {

// auto: on a terminal, unless NO_COLOR is set (https://no-color.org).
inline bool UseColor(const std::string& choice) {
  if (choice != "auto") return choice == "always";
  const char* no_color = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) != 0 && (no_color == nullptr || *no_color == '\0');
}

}  // namespace tocsin::cli
