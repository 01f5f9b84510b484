// completion.h: writes shell completion scripts from the tree of commands.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace tocsin::cli {

std::string BashCompletion(const CLI::App& app);
std::string ZshCompletion(const CLI::App& app);

}  // namespace tocsin::cli
