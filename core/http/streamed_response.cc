#include "core/http/streamed_response.h"

#include <array>
#include <cstdio>
#include <utility>

#include "absl/container/inlined_vector.h"

namespace tocsin::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

// The line before a chunk: its size.
class SizeLine {
 public:
  explicit SizeLine(size_t size)
      : length_(std::snprintf(text_.data(), text_.size(), "%zx\r\n", size)) {}
  std::string_view view() const { return {text_.data(), static_cast<size_t>(length_)}; }

 private:
  std::array<char, 20> text_;
  int length_;
};

}  // namespace

bool StreamedResponse::SendBatch(Parts parts) {
  if (!open()) {
    return false;
  }
  size_t size = 0;
  for (const std::string_view part : parts) {
    size += part.size();
  }
  if (!chunked_ || size == 0) {  // an empty chunk would be the last
    return out_.SendBatch(parts);
  }
  const SizeLine line(size);
  absl::InlinedVector<std::string_view, 8> chunk = {line.view()};
  chunk.insert(chunk.end(), parts.begin(), parts.end());
  chunk.push_back(kLineEnd);
  return out_.SendBatch(chunk);
}

void StreamedResponse::Send(std::string_view bytes) {
  if (!open() || bytes.empty()) {
    return;
  }
  if (!chunked_) {
    return out_.Send(bytes);
  }
  const SizeLine line(bytes.size());
  const std::array<std::string_view, 3> chunk = {line.view(), bytes, kLineEnd};
  out_.Send(chunk);
}

void StreamedResponse::End() {
  if (!open()) {
    return;
  }
  if (chunked_) {
    out_.Send(kLastChunk);
  }
  ended_ = true;
  on_end_();
}

}  // namespace tocsin::http
