#include "hub/content_hash.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

namespace tocsin::hub {
namespace {

// Up to eight bytes as a little-endian number, whatever the machine is.
uint64_t WordAt(std::string_view bytes) {
  uint64_t word = 0;
  if (bytes.size() >= 8 && std::endian::native == std::endian::little) {
    std::memcpy(&word, bytes.data(), 8);
    return word;
  }
  for (size_t i = 0; i < std::min<size_t>(8, bytes.size()); ++i) {
    word |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return word;
}

// The finaliser of MurmurHash3: every bit of the input reaches every bit of the output.
uint64_t Mix(uint64_t h) {
  h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
  h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;
  return h ^ h >> 33;
}

template <typename Message>
Content HashOf(const Message& message) {
  Content content{.bytes = message.ByteSizeLong()};
  if (message.id().empty()) {
    return content;
  }
  std::string bytes(content.bytes, '\0');
  {
    google::protobuf::io::ArrayOutputStream raw(bytes.data(), static_cast<int>(bytes.size()));
    google::protobuf::io::CodedOutputStream out(&raw);
    out.SetSerializationDeterministic(true);
    message.SerializeWithCachedSizes(&out);
  }
  content.hash = StableHash(bytes);
  return content;
}

}  // namespace

uint64_t StableHash(std::string_view bytes) {
  uint64_t hash = Mix(bytes.size() + 0x9e3779b97f4a7c15ULL);
  for (; !bytes.empty(); bytes.remove_prefix(std::min<size_t>(8, bytes.size()))) {
    hash = (hash ^ WordAt(bytes)) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 32;
  }
  return Mix(hash);
}

Content ContentOf(const v1::Event& event) { return HashOf(event); }

Content ContentOf(const v1::Alert& alert) { return HashOf(alert); }

}  // namespace tocsin::hub
