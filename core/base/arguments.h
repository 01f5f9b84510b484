// arguments.h: a program's arguments as CLI11 parses them.
#pragma once

#include <string>
#include <vector>

namespace tocsin {

// The arguments without the program's name, in reverse order, as CLI::App::parse takes them.
// "--name=" becomes the flag and an empty value: CLI11 would take the next argument as its value.
std::vector<std::string> ReversedArguments(int argc, const char* const* argv);

}  // namespace tocsin
