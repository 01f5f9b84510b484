// terminal.h: a terminal that understands what Screen writes, so that a test sees what a user sees.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "cli/text_width.h"

namespace tocsin::cli::testing {

class Terminal {
 public:
  Terminal(size_t columns, size_t rows) { Resize(columns, rows); }

  // What stands on it stays, as far as there is room.
  void Resize(size_t columns, size_t rows) {
    columns_ = columns;
    lines_.resize(rows);
    for (std::vector<std::string>& line : lines_) line.resize(columns, " ");
  }

  void Write(std::string_view text) {
    while (!text.empty()) text.remove_prefix(Take(text));
  }

  // Without spaces at their ends; without empty lines at the end.
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const std::vector<std::string>& cells : lines_) {
      std::string line;
      for (const std::string& cell : cells) line += cell;
      line.erase(line.find_last_not_of(' ') + 1);
      lines.push_back(line);
    }
    while (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
  }

  bool alternate() const { return alternate_; }
  bool cursor_shown() const { return cursor_shown_; }
  // How many lines were scrolled out: of a picture drawn in place, none.
  size_t scrolled() const { return scrolled_; }

 private:
  size_t Take(std::string_view text) {
    if (text.starts_with("\x1b[")) return Sequence(text);
    if (text.front() == '\r') {
      column_ = 0;
      return 1;
    }
    if (text.front() == '\n') {
      NewLine();
      return 1;
    }
    size_t bytes = 1;
    while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) ++bytes;
    Put(text.substr(0, bytes));
    return bytes;
  }

  void NewLine() {
    if (row_ + 1 < lines_.size()) {
      ++row_;
      return;
    }
    lines_.erase(lines_.begin());
    lines_.emplace_back(columns_, " ");
    ++scrolled_;
  }

  // Of two columns, the second is empty. At the right edge it goes on in the next line.
  void Put(std::string_view character) {
    const size_t width = WidthOf(character);
    if (column_ + width > columns_) {
      column_ = 0;
      NewLine();
    }
    if (width == 0) return;
    lines_[row_][column_] = character;
    if (width == 2) lines_[row_][column_ + 1] = "";
    column_ += width;
  }

  // As xterm: at the right edge the cursor stands on the last column.
  void ClearLine() {
    for (size_t i = std::min(column_, columns_ - 1); i < columns_; ++i) lines_[row_][i] = " ";
  }

  size_t Sequence(std::string_view text) {
    const size_t end = text.find_first_not_of("0123456789;?", 2);
    const std::string_view arguments = text.substr(2, end - 2);
    switch (text[end]) {
      case 'H':
        EXPECT_EQ(arguments, "");
        row_ = column_ = 0;
        break;
      case 'K':
        ClearLine();
        break;
      case 'J':
        ClearLine();
        for (size_t row = row_ + 1; row < lines_.size(); ++row) lines_[row].assign(columns_, " ");
        break;
      case 'h':
      case 'l':
        (arguments == "?1049" ? alternate_ : cursor_shown_) = text[end] == 'h';
        break;
      case 'm':
        break;
      default:
        ADD_FAILURE() << "unknown sequence " << text.substr(1, end);
    }
    return end + 1;
  }

  size_t columns_ = 0;
  std::vector<std::vector<std::string>> lines_;  // by cell
  size_t row_ = 0;
  size_t column_ = 0;
  size_t scrolled_ = 0;
  bool alternate_ = false;
  bool cursor_shown_ = true;
};

}  // namespace tocsin::cli::testing
