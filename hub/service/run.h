// run.h: the program: settings, log, signals, and the hub between its start and its end.
#pragma once

namespace tocsin::hub {

// The process's exit code: 0 after a clean shutdown, 1 for a failed start or a log that could not
// be closed, 2 for wrong settings.
int RunHub(int argc, const char* const* argv);

}  // namespace tocsin::hub
