// permessage-deflate as it is offered: each set of parameters with its answer, and messages after it.
#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/bridge/client_deflate.h"
#include "tests/bridge/conformance/echo_server.h"

namespace tocsin::bridge::conformance {
namespace {

constexpr const char* kAnswer =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

struct Offered {
  std::string extensions;
  std::string answer;  // empty: none can be met, and nothing is compressed
};

std::ostream& operator<<(std::ostream& out, const Offered& offered) {
  return out << offered.extensions;
}

// Every window, of the server, of the client and of both, with and without the takeovers.
std::vector<Offered> Sets() {
  std::vector<Offered> sets;
  for (const char* takeover : {"", "; server_no_context_takeover", "; client_no_context_takeover",
                               "; client_no_context_takeover; server_no_context_takeover"}) {
    for (int server = 7; server <= 15; ++server) {    // 7: not said
      for (int client = 6; client <= 15; ++client) {  // 6: not said, 7: without a value
        // The server's own window is of 12 bits: a smaller one it cannot promise.
        sets.push_back(
            {absl::StrCat("permessage-deflate", takeover,
                          server == 7 ? "" : absl::StrCat("; server_max_window_bits=", server),
                          client == 6   ? ""
                          : client == 7 ? "; client_max_window_bits"
                                        : absl::StrCat("; client_max_window_bits=", client)),
             server == 7   ? kAnswer
             : server < 12 ? ""
                           : absl::StrCat(kAnswer, "; server_max_window_bits=12")});
      }
    }
  }
  return sets;
}

std::vector<Offered> Wrong() {
  return {
      {"permessage-deflate; server_max_window_bits", ""},
      {"permessage-deflate; server_max_window_bits=7", ""},
      {"permessage-deflate; server_max_window_bits=16", ""},
      {"permessage-deflate; server_max_window_bits=012", ""},
      {"permessage-deflate; server_max_window_bits=-12", ""},
      {"permessage-deflate; client_max_window_bits=7", ""},
      {"permessage-deflate; client_max_window_bits=16", ""},
      {"permessage-deflate; client_max_window_bits=08", ""},
      {"permessage-deflate; server_no_context_takeover=1", ""},
      {"permessage-deflate; client_no_context_takeover=", ""},
      {"permessage-deflate; unknown", ""},
      {"permessage-deflate; unknown=1", ""},
      {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", ""},
      {"permessage-deflate; client_max_window_bits; client_max_window_bits=12", ""},
      {"permessage-deflate; server_max_window_bits=12; server_max_window_bits=12", ""},
      {"permessage-deflate; unknown, permessage-deflate", kAnswer},
      {"permessage-deflate; server_max_window_bits=9, permessage-deflate", kAnswer},
      {"permessage-deflate; server_max_window_bits=9, permessage-deflate; server_max_window_bits=8",
       ""},
      {"permessage-bzip2, x-webkit-deflate-frame", ""},
      {"", ""},
  };
}

class OffersTest : public ::testing::TestWithParam<Offered> {};

TEST_P(OffersTest, IsAnsweredAndServed) {
  const Offered& offered = GetParam();
  EchoServer server(offered.extensions);
  ASSERT_EQ(server.extensions(), offered.answer);
  const std::string text(500, 'x');
  Lines wanted = {"text " + Shown(text)};
  server.Send(ClientFrame(kText, text));
  EXPECT_EQ(server.compressed_frames(), offered.answer.empty() ? 0u : 1u);
  server.Send(ClientFrame(kText, testing::Compress(text), {.reserved = 4}));
  wanted = Then(wanted, offered.answer.empty() ? kFailed : Lines{"text " + Shown(text)});
  EXPECT_EQ(server.lines(), wanted);
}

// Its number, and then the offer in letters and digits.
std::string NameOf(const ::testing::TestParamInfo<Offered>& info) {
  std::string name = absl::StrCat(info.index, "_");
  bool begins = true;
  for (const char c : info.param.extensions) {
    const bool shown = absl::ascii_isalnum(static_cast<unsigned char>(c));
    if (shown) name += begins ? absl::ascii_toupper(static_cast<unsigned char>(c)) : c;
    begins = !shown;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Sets, OffersTest, ::testing::ValuesIn(Sets()), NameOf);
INSTANTIATE_TEST_SUITE_P(Wrong, OffersTest, ::testing::ValuesIn(Wrong()), NameOf);

}  // namespace
}  // namespace tocsin::bridge::conformance
