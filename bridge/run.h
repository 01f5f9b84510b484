// run.h: the program tocsin-bridge, but for main.
#pragma once

#include <iosfwd>

namespace tocsin::bridge {

// An exit code, as core/shell/program.h lists them.
int RunBridge(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace tocsin::bridge
