// A client's bytes as HTTP requests: the same requests and answers however the bytes are split, and
// heads and bodies within their bounds. The first byte says in what pieces they come.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/http/request_checks.h"
#include "core/http/request_reader.h"

namespace {

using namespace tocsin;
using namespace tocsin::http;

constexpr size_t kBodyBytes = 200;

Service MakeService() {
  const auto answer = AtOnce([](const HttpRequest&) { return HttpResponse{}; });
  return {.routes = RouteTable(
              {{.name = "post",
                .method = "POST",
                .pattern = "/p",
                .max_body_bytes = kBodyBytes,
                .handler = answer},
               {.name = "get", .method = "GET", .pattern = "/things/{id}", .handler = answer}}),
          .origins = OriginPolicy({"https://ops.example.com"})};
}

// What came of the bytes: each request, each refusal.
class Reading {
 public:
  void Take(std::string_view bytes) {
    if (over_) {
      return;
    }
    RequestReader::Step step = reader_.Take(bytes);
    while (step.kind == RequestReader::Step::Kind::kRequest ||
           step.kind == RequestReader::Step::Kind::kAnswer) {
      Note(step);
      if (over_ || !reader_.has_bytes()) {
        return;
      }
      step = reader_.TakeKept();
    }
    TOCSIN_CHECK(reader_.heap_bytes() <= 4 * (kMaxHeadBytes + kBodyBytes));
  }
  const std::vector<std::string>& came() const { return came_; }

 private:
  void Note(const RequestReader::Step& step) {
    if (step.kind == RequestReader::Step::Kind::kRequest) {
      const HttpRequest& request = reader_.request();
      TOCSIN_CHECK(request.body.size() <= reader_.route().max_body_bytes);
      came_.push_back(request.method + " " + request.target + "\n" + request.body);
      over_ = !request.keep_alive;
    } else {
      TOCSIN_CHECK(step.answer.has_value() && step.answer->status >= 200 &&
                   step.answer->status < 600);
      came_.push_back(std::to_string(step.answer->status));
      over_ = step.last;
    }
    reader_.ReleaseBody();
    reader_.BeginNext();
  }

  ManualClock clock_;
  Service service_ = MakeService();
  RequestReader reader_{service_, clock_, std::nullopt};
  std::vector<std::string> came_;
  bool over_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Reading whole;
  whole.Take(bytes);
  Reading pieces;
  const size_t piece = 1 + data[0];
  for (size_t at = 0; at < bytes.size(); at += piece) {
    pieces.Take(bytes.substr(at, piece));
  }
  TOCSIN_CHECK(whole.came() == pieces.came());
  return 0;
}
