// run.h: the program tocsin-bridge, but for main.
#pragma once

#include <iosfwd>

namespace tocsin::bridge {

// 0 after a drain, 1 when it could not start, 2 for a wrong command line.
int RunBridge(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace tocsin::bridge
