#include "bridge/ws/frame_reader.h"

#include <algorithm>
#include <cstring>

#include "bridge/ws/close_code.h"
#include "bridge/ws/deflate.h"
#include "bridge/ws/frames.h"
#include "core/base/utf8.h"

namespace tocsin::bridge::ws {
namespace {

using Kind = Received::Kind;

constexpr uint8_t kReservedBits = 0x70;
constexpr uint8_t kRsv1 = 0x40;
constexpr uint8_t kMasked = 0x80;
constexpr uint8_t kLengthBits = 0x7f;
constexpr uint8_t kLength16 = 126;
constexpr uint8_t kLength64 = 127;
constexpr size_t kKeyBytes = 4;

static_assert(kMaxInflateRatio == 100);
constexpr std::string_view kTooDense =
    "a compressed message may inflate to at most 100 times its own size";

size_t LengthBytes(uint8_t second) {
  const uint8_t length = second & kLengthBits;
  return length == kLength16 ? 2 : length == kLength64 ? 8 : 0;
}

uint64_t BigEndian(std::span<const uint8_t> bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes) {
    value = value << 8 | byte;
  }
  return value;
}

Kind KindOf(uint8_t opcode) {
  return opcode == static_cast<uint8_t>(Opcode::kText)   ? Kind::kText
         : opcode == static_cast<uint8_t>(Opcode::kPing) ? Kind::kPing
         : opcode == static_cast<uint8_t>(Opcode::kPong) ? Kind::kPong
                                                         : Kind::kBinary;
}

}  // namespace

Received FrameReader::Next(std::span<char>& bytes) {
  Release();
  while (!failed_) {
    if (!in_payload_) {
      if (!TakeHeader(bytes)) {
        break;
      }
      if (const Received wrong = BeginFrame(); wrong.kind != Kind::kNothing) {
        return wrong;
      }
    }
    const Received got = TakePayload(bytes);
    if (got.kind != Kind::kNothing || in_payload_) {
      return got;
    }
  }
  bytes = {};
  return {};
}

// Drops the payload that the last call returned.
void FrameReader::Release() {
  if (given_) {
    std::string().swap(control() ? control_ : message_);
    given_ = false;
  }
  if (discarding_) {
    std::string().swap(message_);
  }
}

// ---- the header ----

// True when the header is whole, and also as soon as its first two bytes are wrong.
bool FrameReader::TakeHeader(std::span<char>& bytes) {
  size_t wanted = 2;
  while (true) {
    if (header_bytes_ >= 2) {
      wanted = 2 + LengthBytes(header_[1]) + kKeyBytes;
    }
    const size_t taken = std::min(wanted - header_bytes_, bytes.size());
    std::memcpy(header_.data() + header_bytes_, bytes.data(), taken);
    header_bytes_ = static_cast<uint8_t>(header_bytes_ + taken);
    bytes = bytes.subspan(taken);
    if (header_bytes_ < wanted) {
      return false;
    }
    if (wanted > 2 || CheckStart() != nullptr) {
      return true;
    }
  }
}

const char* FrameReader::CheckStart() const {
  const uint8_t first = header_[0];
  const uint8_t type = first & 0x0f;
  const bool may_be_compressed = inflater_ != nullptr && (type & 0x08) == 0 && type != 0;
  if ((first & kReservedBits & (may_be_compressed ? ~kRsv1 : 0xff)) != 0) {
    return "a reserved bit is set";
  }
  if ((header_[1] & kMasked) == 0) {
    return "a client's frame must be masked";
  }
  if ((type & 0x08) != 0) {
    return type > static_cast<uint8_t>(Opcode::kPong)      ? "an opcode is unknown"
           : (first & 0x80) == 0                           ? "a control frame is fragmented"
           : (header_[1] & kLengthBits) > kMaxControlBytes ? "a control frame has over 125 bytes"
                                                           : nullptr;
  }
  if (type > static_cast<uint8_t>(Opcode::kBinary)) {
    return "an opcode is unknown";
  }
  if (type == 0) {
    return message_type_ == 0 ? "a frame continues no message" : nullptr;
  }
  return message_type_ != 0 ? "a message begins within another" : nullptr;
}

Received FrameReader::BeginFrame() {
  header_bytes_ = 0;
  ++frames_;
  if (const char* wrong = CheckStart()) {
    return Fail(kProtocolError, wrong);
  }
  const size_t length_bytes = LengthBytes(header_[1]);
  const std::span<const uint8_t> header(header_);
  left_ = length_bytes == 0 ? header_[1] & kLengthBits : BigEndian(header.subspan(2, length_bytes));
  if ((length_bytes == 2 && left_ < kLength16) || (length_bytes == 8 && left_ <= 0xffff)) {
    return Fail(kProtocolError, "a length is not written in its shortest form");
  }
  if (left_ >> 63 != 0) {
    return Fail(kProtocolError, "a length's highest bit is set");
  }
  std::copy_n(header_.begin() + 2 + static_cast<ptrdiff_t>(length_bytes), kKeyBytes, key_.begin());
  first_ = header_[0];
  in_payload_ = true;
  if (control()) {
    return {};
  }
  if (opcode() != 0) {
    message_type_ = opcode();
    compressed_ = (first_ & kRsv1) != 0;
    utf8_ = {};
  }
  if (!discarding_ && left_ > max_bytes() - message_.size()) {
    discarding_ = true;
    return {.kind = Kind::kTooLarge};
  }
  return {};
}

// ---- the payload ----

Received FrameReader::TakePayload(std::span<char>& bytes) {
  const std::span<char> part = bytes.first(std::min<uint64_t>(left_, bytes.size()));
  bytes = bytes.subspan(part.size());
  left_ -= part.size();
  in_payload_ = left_ > 0;
  const bool passed_over = discarding_ && !control();
  if (!passed_over) {
    Unmask(part, key_);
  }
  const bool ends = !in_payload_ && final();
  const std::string_view view(part.data(), part.size());
  if (!passed_over && !control() && !IsTextSoFar(view, ends)) {
    return Fail(kInvalidPayload, "a text message must be valid UTF-8");
  }
  std::string& kept = control() ? control_ : message_;
  if (passed_over) {
    message_type_ = ends ? 0 : message_type_;
    return {};
  }
  if (ends && kept.empty()) {
    return control() ? Control(view) : Message(view);
  }
  kept += view;
  if (!ends) {
    return {};
  }
  given_ = true;
  return control() ? Control(kept) : Message(kept);
}

bool FrameReader::IsTextSoFar(std::string_view part, bool ends) {
  return message_type_ != static_cast<uint8_t>(Opcode::kText) || compressed_ ||
         (utf8_.Take(part) && (!ends || utf8_.whole()));
}

Received FrameReader::Control(std::string_view payload) {
  if (opcode() != static_cast<uint8_t>(Opcode::kClose)) {
    return {.kind = KindOf(opcode()), .payload = payload};
  }
  if (payload.empty()) {
    return {.kind = Kind::kClose, .code = kNoCloseCode};
  }
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(payload[i]); };
  const uint16_t code =
      payload.size() < 2 ? uint16_t{0} : static_cast<uint16_t>(byte(0) << 8 | byte(1));
  if (!MaySendCloseCode(code)) {
    return Fail(kProtocolError, "a close frame's code is none that may be sent");
  }
  if (!IsUtf8(payload.substr(2))) {
    return Fail(kInvalidPayload, "a close frame's reason must be valid UTF-8");
  }
  return {.kind = Kind::kClose, .code = code, .payload = payload.substr(2)};
}

size_t FrameReader::max_bytes() const {
  return compressed_ ? Inflater::MaxCompressedBytes(max_message_bytes_) : max_message_bytes_;
}

Received FrameReader::Message(std::string_view payload) {
  const Kind kind = KindOf(message_type_);
  message_type_ = 0;
  if (compressed_) {
    const Received inflated = Inflate(kind, payload);
    if (inflated.kind != kind) {
      return inflated;
    }
    payload = inflated.payload;
    if (kind == Kind::kText && !IsUtf8(payload)) {
      return Fail(kInvalidPayload, "a text message must be valid UTF-8");
    }
  }
  return {.kind = kind, .payload = payload};
}

Received FrameReader::Inflate(Kind kind, std::string_view payload) {
  switch (inflater_->Inflate(payload, max_message_bytes_)) {
    case Inflater::Outcome::kDone:
      return {.kind = kind, .payload = inflater_->text()};
    case Inflater::Outcome::kTooLarge:
      discarding_ = true;
      return {.kind = Kind::kTooLarge};
    case Inflater::Outcome::kTooDense:
      discarding_ = true;
      return {.kind = Kind::kTooLarge, .payload = kTooDense};
    case Inflater::Outcome::kCorrupt:
      break;
  }
  return Fail(kInvalidPayload, "a compressed message is corrupt");
}

Received FrameReader::Fail(uint16_t code, const char* why) {
  failed_ = true;
  std::string().swap(message_);
  std::string().swap(control_);
  return {.kind = Kind::kFailed, .code = code, .payload = why};
}

void Unmask(std::span<char> bytes, std::array<uint8_t, 4>& key) {
  uint64_t wide_key = 0;
  std::memcpy(&wide_key, key.data(), key.size());
  std::memcpy(reinterpret_cast<char*>(&wide_key) + key.size(), key.data(), key.size());
  size_t at = 0;
  for (uint64_t word = 0; at + sizeof word <= bytes.size(); at += sizeof word) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    word ^= wide_key;
    std::memcpy(bytes.data() + at, &word, sizeof word);
  }
  for (size_t i = 0; at + i < bytes.size(); ++i) {
    bytes[at + i] = static_cast<char>(static_cast<uint8_t>(bytes[at + i]) ^ key[i % 4]);
  }
  std::rotate(key.begin(), key.begin() + static_cast<ptrdiff_t>(bytes.size() % 4), key.end());
}

}  // namespace tocsin::bridge::ws
