// A chunked body's framing is read line by line: a chunk's size, the empty line after its data, and
// the empty line at the end. A last line that is not empty is a trailer.
#include "core/http/body_reader.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"

namespace tocsin::http {
namespace {

// The chunk's size, without the extensions that follow it; nothing unless it is a number of at most
// 15 hexadecimal digits.
std::optional<uint64_t> ChunkSize(std::string_view line) {
  std::string_view digits = line.substr(0, line.find(';'));
  while (digits.ends_with(' ') || digits.ends_with('\t')) {
    digits.remove_suffix(1);
  }
  uint64_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole && !digits.empty() && digits.size() < 16 ? std::optional(size) : std::nullopt;
}

bool HoldsControl(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

}  // namespace

BodyReader::BodyReader(const HttpRequest& request, size_t max_bytes)
    : max_bytes_(max_bytes),
      chunked_(request.chunked),
      state_(request.chunked              ? State::kSize
             : request.content_length > 0 ? State::kData
                                          : State::kDone),
      left_(request.content_length) {}

size_t BodyReader::Take(std::string_view bytes) {
  size_t used = 0;
  if (state_ == State::kData) {
    CheckBound();
  }
  while (used < bytes.size() && state_ != State::kDone && !refusal_.has_value()) {
    const std::string_view rest = bytes.substr(used);
    used += state_ == State::kData ? TakeData(rest) : TakeLine(rest);
  }
  return used;
}

size_t BodyReader::TakeData(std::string_view bytes) {
  const std::string_view part = bytes.substr(0, std::min<uint64_t>(left_, bytes.size()));
  body_ += part;
  left_ -= part.size();
  if (left_ == 0) {
    state_ = chunked_ ? State::kDataEnd : State::kDone;
  }
  return part.size();
}

size_t BodyReader::TakeLine(std::string_view bytes) {
  const size_t end = bytes.find('\n');
  const size_t taken = end == std::string_view::npos ? bytes.size() : end + 1;
  if (line_.size() + taken > kMaxChunkLine) {
    Refuse(400, absl::StrCat("a line of the chunked body's framing is longer than ", kMaxChunkLine,
                             " bytes"));
    return 0;
  }
  line_ += bytes.substr(0, taken);
  if (end != std::string_view::npos) {
    OnLine();
    line_.clear();
  }
  return taken;
}

void BodyReader::OnLine() {
  if (!line_.ends_with("\r\n")) {
    return Refuse(400, "lines of a chunked body's framing end in CR LF");
  }
  line_.resize(line_.size() - 2);
  switch (state_) {
    case State::kSize:
      return OnChunkSize();
    case State::kDataEnd:
      state_ = State::kSize;
      return line_.empty() ? void() : Refuse(400, "a chunk is longer than its size says");
    case State::kLastLine:
      state_ = State::kDone;
      return line_.empty() ? void() : Refuse(400, "trailers are not taken");
    case State::kData:
    case State::kDone:
      return;
  }
}

void BodyReader::OnChunkSize() {
  const std::optional<uint64_t> size = ChunkSize(line_);
  if (!size.has_value() || HoldsControl(line_)) {
    return Refuse(400, "a chunk's size must be a hexadecimal number");
  }
  left_ = *size;
  state_ = left_ == 0 ? State::kLastLine : State::kData;
  CheckBound();
}

// Called before the data comes, so that a body that is too large is refused at once.
void BodyReader::CheckBound() {
  if (left_ > max_bytes_ - body_.size()) {
    Refuse(413, max_bytes_ == 0 ? "this request takes no body"
                                : absl::StrCat("the body may have at most ", max_bytes_, " bytes"));
  }
}

void BodyReader::Refuse(int status, std::string detail) {
  refusal_ = Refusal{status, std::move(detail)};
  std::string().swap(body_);
}

}  // namespace tocsin::http
