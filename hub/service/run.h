// run.h: the program tocsin-hub, but for main.
#pragma once

#include <iosfwd>

namespace tocsin::hub {

// An exit code, as core/shell/program.h lists them.
int RunHub(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace tocsin::hub
