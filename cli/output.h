// output.h: whether what was printed has been written.
//
// Threads: main's.
#pragma once

namespace tocsin::cli {

// True when stdout is a pipe whose reader has ended (`tocsin sub | head`).
bool ReaderHasGone();

// Flushes stdout at the end of a command. Returns `exit_code`, or kFailed with a message when the
// output of a command that succeeded could not be written, to a full disk for example. A reader that
// has gone is no failure.
int Flushed(int exit_code);

}  // namespace tocsin::cli
