// json_out.h: JSON appended to a string at the price of a copy: room is made ahead, and given back
// at the end. For those who write many values in a row; a single one is appended by json_writer.h.
//
// Shape:   the string's length is not its own until the end of this object.
// Threads: one.
// Errors:  a text that is not UTF-8 is written as it is, and ok() is false from then on.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/base/attributes.h"
#include "absl/time/time.h"

namespace tocsin {

class JsonOut {
 public:
  // Begins with room for so many bytes.
  explicit JsonOut(std::string& out, size_t room = 0) : out_(out) { Grow(out.size(), room); }
  ~JsonOut() { out_.resize(length()); }
  JsonOut(const JsonOut&) = delete;
  JsonOut& operator=(const JsonOut&) = delete;

  ABSL_ATTRIBUTE_ALWAYS_INLINE void Char(char c) {
    *Room(1) = c;
    to_ += 1;
  }
  void Raw(std::string_view text) {
    std::memcpy(Room(text.size()), text.data(), text.size());
    to_ += text.size();
  }
  // A literal: its length is known where it is written.
  template <size_t N>
  void Literal(const char (&text)[N]) {
    std::memcpy(Room(N), text, N);  // with the NUL, which the next character takes the place of
    to_ += N - 1;
  }
  // Of `key` the first `size` bytes: a comma, the quoted name, a colon. The first of an object has a
  // bracket in the comma's place.
  template <size_t N>
  void Key(const char (&key)[N], size_t size, bool first) {
    char* to = Room(N);
    std::memcpy(to, key, N);
    *to = first ? '{' : ',';
    to_ = to + size;
  }

  // With its quotes.
  void Text(std::string_view text);
  void Number(uint64_t number);
  // null when it is not finite.
  void Number(double number);
  // Without quotes.
  void Time(absl::Time time);

  // Of the text as it stands.
  size_t length() const { return static_cast<size_t>(to_ - out_.data()); }
  // Takes back what was appended since the text had that length.
  void CutTo(size_t length) { to_ = out_.data() + length; }

  bool ok() const { return ok_; }

 private:
  static constexpr size_t kMaxStep = 4096;  // bytes

  // So many bytes to write to, from where the text ends.
  ABSL_ATTRIBUTE_ALWAYS_INLINE char* Room(size_t size) {
    if (static_cast<size_t>(end_ - to_) < size) [[unlikely]] {
      Grow(length(), size);
    }
    return to_;
  }
  // By a good deal, but not by all that the string could hold: what is made room is written to.
  void Grow(size_t length, size_t size) {
    out_.resize(length + size + std::min(length, kMaxStep));
    to_ = out_.data() + length;
    end_ = out_.data() + out_.size();
  }

  std::string& out_;
  char* to_ = nullptr;   // where the text ends
  char* end_ = nullptr;  // of the room after it
  bool ok_ = true;
};

}  // namespace tocsin
