// exit_codes.h: the exit codes of `tocsin`. Scripts rely on them, and `tocsin --help` prints them.
#pragma once

namespace tocsin::cli {

enum ExitCode : int {
  kOk = 0,
  kFailed = 1,       // something else went wrong; `status`: the hub is there and not healthy;
                     // `incidents check`: something differs
  kUsage = 2,        // wrong flags or values
  kUnreachable = 3,  // no hub answers there, or it is starting or stopping; `admin`: nor a bridge
  kRefused = 4,      // the hub, or the check before it, refused an event, a filter or a cursor;
                     // `token`: the token is not good
  kGap = 5,          // the cursor has expired or is of another log: `sub` cannot resume from it
  kLost = 6,         // `bench`: events were lost, repeated or out of order; `verify`: a guarantee
                     // is broken
  kInterrupted = 130,
};

inline constexpr char kExitCodesHelp[] =
    "Exit codes:\n"
    "  0    done\n"
    "  1    failed; status: the hub answers and is not healthy; incidents check: something "
    "differs\n"
    "  2    wrong flags or values\n"
    "  3    the hub cannot be reached, or is starting or stopping\n"
    "  4    refused: an invalid event, filter or cursor, or a conflict; token: not good\n"
    "  5    the cursor has expired or belongs to another log\n"
    "  6    bench: events were lost, came twice or out of order; verify: a guarantee is broken\n"
    "  130  interrupted (Ctrl-C, SIGTERM)\n";

}  // namespace tocsin::cli
