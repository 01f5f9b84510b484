// app.h: the command line as a whole: builds the tree of commands and runs the one that was chosen.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>

#include "cli/command.h"

namespace tocsin::cli {

// Builds the tree of commands. Nothing has been parsed yet. `globals` and `chosen` outlive it.
std::unique_ptr<CLI::App> MakeApp(Globals& globals, Run& chosen);

// Reads the arguments and runs the command; returns the exit code.
int Main(int argc, const char* const* argv);

// The table of docs/configuration.md: the settings that may be given in the environment too.
std::string ConfigDocs(const CLI::App& app);

}  // namespace tocsin::cli
