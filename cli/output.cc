#include "cli/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/exit_codes.h"

namespace tocsin::cli {

bool ReaderHasGone() {
  pollfd out{STDOUT_FILENO, 0, 0};
  return poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

int Flushed(int exit_code) {
  errno = 0;
  std::cout.flush();
  const int error = errno;
  if (std::cout || error == EPIPE || ReaderHasGone() || exit_code != kOk) {
    return exit_code;
  }
  // A write that failed before this flush has left no reason.
  const std::string reason =
      error == 0 ? "" : absl::StrCat(": ", std::generic_category().message(error));
  return Fail(kFailed, absl::StrCat("cannot write the output", reason));
}

}  // namespace tocsin::cli
