// completion.h: what shells complete, from the tree of commands itself.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace tocsin::cli {

std::string BashCompletion(const CLI::App& app);
std::string ZshCompletion(const CLI::App& app);

}  // namespace tocsin::cli
