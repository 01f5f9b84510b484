#include "cli/incidents/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace tocsin::cli {
namespace {

constexpr char kEnter[] = "\x1b[?1049h\x1b[?25l";  // alternate screen, no cursor
constexpr char kLeave[] = "\x1b[?25h\x1b[?1049l";
constexpr char kHome[] = "\x1b[H";
constexpr char kClearLine[] = "\x1b[K";   // from here to the line's end
constexpr char kClearBelow[] = "\x1b[J";  // from here to the screen's end

}  // namespace

ScreenSize SizeOfTerminal() {
  winsize size{};
  ScreenSize screen;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    screen = {size.ws_col, size.ws_row};
  }
  return screen;
}

void Screen::Open() {
  open_ = true;
  out_ << kEnter << std::flush;
}

bool Screen::Draw(const std::vector<std::string>& lines) {
  std::string picture = kHome;
  for (size_t i = 0; i < lines.size(); ++i) {
    // No line break after the last: on the last row it would scroll.
    picture += lines[i] + kClearLine + (i + 1 < lines.size() ? "\r\n" : "");
  }
  out_ << picture << kClearBelow << std::flush;
  return static_cast<bool>(out_);
}

void Screen::Close() {
  if (!open_) return;
  open_ = false;
  out_ << kLeave << std::flush;
}

}  // namespace tocsin::cli
