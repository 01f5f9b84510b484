// parse.h: any bytes as a message of protobuf.
#pragma once

#include <google/protobuf/message_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <string_view>

namespace tocsin::fuzz {

// False when they are none. Protobuf's line about text that is not UTF-8 is left out: writing it takes
// longer than all else.
inline bool Parse(std::string_view bytes, google::protobuf::MessageLite& message) {
  static const auto before = google::protobuf::SetLogHandler(nullptr);
  (void)before;
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace tocsin::fuzz
