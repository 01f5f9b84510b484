// client_deflate.h: permessage-deflate as a client does it, by zlib itself.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <string_view>

#include "bridge/ws/deflate.h"

namespace tocsin::bridge::testing {

// With a window of any size. `before`: the message before, as one knows it who keeps the window.
inline std::string Compress(std::string_view text, int window_bits = 15, int level = 9,
                            std::string_view before = {}) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, level, Z_DEFLATED, -window_bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
  if (!before.empty()) {
    EXPECT_EQ(deflateSetDictionary(&stream, reinterpret_cast<const Bytef*>(before.data()),
                                   static_cast<uInt>(before.size())),
              Z_OK);
  }
  std::string out(text.size() + 1'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
  out.resize(out.size() - stream.avail_out - 4);
  deflateEnd(&stream);
  return out;
}

// As a client with a window of kDeflateWindowBits that keeps nothing between messages. In small
// pieces: of what it has just given out zlib would take more than its window.
inline std::string Decompress(std::string payload) {
  payload += std::string("\x00\x00\xff\xff", 4);
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, -ws::kDeflateWindowBits), Z_OK);
  std::string out;
  stream.next_in = reinterpret_cast<Bytef*>(payload.data());
  stream.avail_in = static_cast<uInt>(payload.size());
  int said = Z_OK;
  do {
    Bytef piece[512];
    stream.next_out = piece;
    stream.avail_out = sizeof piece;
    said = inflate(&stream, Z_SYNC_FLUSH);
    out.append(reinterpret_cast<char*>(piece), sizeof piece - stream.avail_out);
  } while (said == Z_OK && stream.avail_out == 0);
  EXPECT_TRUE(said == Z_OK || said == Z_BUF_ERROR) << said;
  EXPECT_EQ(stream.avail_in, 0u);
  inflateEnd(&stream);
  return out;
}

}  // namespace tocsin::bridge::testing
