// token_input.h: the token that a command is given: in a file or on stdin, so that it stands in no
// list of processes and in no shell's history.
//
// Errors:  INVALID_ARGUMENT that does not repeat what was given.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace CLI {
class App;
}

namespace tocsin::cli {

// The argument FILE: "-", the default, is stdin.
void AddTokenFile(CLI::App& command, std::string* file);
// Without spaces and line ends around it.
absl::StatusOr<std::string> ReadToken(const std::string& file);

}  // namespace tocsin::cli
