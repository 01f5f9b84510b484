// screen.h: a terminal whose whole picture is drawn in place, again and again.
//
// Shape:   the terminal's alternate screen: what stood there before comes back at the end. Each
//          picture is drawn over the one before it, line by line, and what is left of that one is
//          cleared, so that nothing flickers and no line of an older picture stays.
// Threads: one.
// Owns:    the terminal's picture, from Open to Close.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace tocsin::cli {

struct ScreenSize {
  size_t columns = 80;
  size_t rows = 24;
};
// Of the terminal that stdout is, as it is now; 80 by 24 where it does not tell.
ScreenSize SizeOfTerminal();

class Screen {
 public:
  explicit Screen(std::ostream& out) : out_(out) {}
  ~Screen() { Close(); }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void Open();
  // `lines` are fewer columns than the terminal has (one that fills its row would lose its last
  // character when the rest of the row is cleared) and no more than its rows. False when they
  // cannot be written.
  bool Draw(const std::vector<std::string>& lines);
  // May be called twice.
  void Close();

 private:
  std::ostream& out_;
  bool open_ = false;
};

}  // namespace tocsin::cli
