// httpload - load generator for HTTP: N connections that are kept open, each with one request at a
// time, in one thread and one epoll loop. See README.md.
//
//   httpload --address 127.0.0.1:8080 --method POST --path /v1/alerts --body '{"title":"{n}"}'
//            [--conns 64] [--rate 0] [--seconds 10] [--warmup 1] [--seed 1]
//
// In path and body {n} is the number of the request, and {r} a random number below 1,000,000. With
// a rate, a request's time runs from when it was due, else from when it was sent.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Options {
  std::string address = "127.0.0.1:8080", method = "GET", path = "/", body;
  size_t conns = 64;
  double rate = 0, seconds = 10, warmup = 1;
  uint64_t seed = 1;
};

uint64_t Now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return uint64_t(t.tv_sec) * 1'000'000'000 + uint64_t(t.tv_nsec);
}

[[noreturn]] void Die(const std::string& why) {
  fprintf(stderr, "httpload: %s\n", why.c_str());
  exit(1);
}

struct Connection {
  int fd = -1;
  uint64_t begun = 0;
  std::string received;
};

class Load {
 public:
  explicit Load(const Options& options) : o_(options), random_(options.seed) {}

  int Run() {
    epoll_ = epoll_create1(0);
    connections_.resize(o_.conns);
    for (size_t i = 0; i < connections_.size(); ++i) {
      Connect(i);
    }
    begun_ = next_due_ = Now();
    counted_from_ = begun_ + uint64_t(o_.warmup * 1e9);
    end_ = counted_from_ + uint64_t(o_.seconds * 1e9);
    for (uint64_t now = begun_; now < end_; now = Now()) {
      SendDue(now);
      Receive();
    }
    Report();
    return failed_ == 0 ? 0 : 3;
  }

 private:
  void Connect(size_t number) {
    const size_t colon = o_.address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(uint16_t(atoi(o_.address.c_str() + colon + 1)));
    Connection& c = connections_[number];
    c.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (colon == o_.address.npos || inet_pton(AF_INET, o_.address.substr(0, colon).c_str(), &to.sin_addr) != 1 ||
        connect(c.fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0)
      Die("cannot connect to " + o_.address);
    const int on = 1;
    setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = number;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
    free_.push_back(number);
  }

  void SendDue(uint64_t now) {
    while (!free_.empty() && (o_.rate == 0 || next_due_ <= now)) {
      Connection& c = connections_[free_.back()];
      free_.pop_back();
      c.begun = o_.rate == 0 ? now : next_due_;
      if (o_.rate > 0) next_due_ += uint64_t(1e9 / o_.rate);
      Send(c);
    }
  }

  // A request is far smaller than a socket's buffer, and one goes at a time.
  void Send(Connection& c) {
    ++number_;
    const std::string body = Filled(o_.body);
    std::string request = o_.method + " " + Filled(o_.path) + " HTTP/1.1\r\nHost: " + o_.address + "\r\n";
    if (!body.empty()) {
      request += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    }
    request += "\r\n" + body;
    if (send(c.fd, request.data(), request.size(), MSG_NOSIGNAL) != ssize_t(request.size())) Die("cannot send");
  }

  std::string Filled(std::string text) {
    for (size_t at = 0; (at = text.find('{', at)) != text.npos; ++at) {
      const std::string_view what = std::string_view(text).substr(at, 3);
      if (what == "{n}") text.replace(at, 3, std::to_string(o_.seed * 1'000'000'000 + number_));
      else if (what == "{r}") text.replace(at, 3, std::to_string(random_() % 1'000'000));
    }
    return text;
  }

  void Receive() {
    epoll_event events[64];
    const int wait = o_.rate > 0 && !free_.empty() ? 1 : 100;
    const int ready = epoll_wait(epoll_, events, 64, wait);
    for (int i = 0; i < ready; ++i) {
      Connection& c = connections_[events[i].data.u64];
      const ssize_t got = recv(c.fd, buffer_.data(), buffer_.size(), 0);
      if (got <= 0) Die("a connection was closed");
      c.received.append(buffer_.data(), size_t(got));
      if (TakeAnswer(c)) free_.push_back(events[i].data.u64);
    }
  }

  bool TakeAnswer(Connection& c) {
    const size_t head = c.received.find("\r\n\r\n");
    const size_t length = c.received.find("Content-Length: ");
    if (head == std::string::npos) return false;
    const size_t body = length < head ? strtoull(c.received.c_str() + length + 16, nullptr, 10) : 0;
    if (c.received.size() < head + 4 + body) return false;
    const uint64_t now = Now();
    if (now >= counted_from_) {
      const bool ok = c.received[9] == '2';
      failed_ += ok ? 0 : 1;
      if (!ok && failed_ == 1) fprintf(stderr, "httpload: %s\n", c.received.c_str());
      took_.push_back(uint32_t(std::min<uint64_t>((now - c.begun) / 1'000, UINT32_MAX)));
      bytes_ += body;
    }
    c.received.clear();
    return true;
  }

  void Report() {
    std::sort(took_.begin(), took_.end());
    const auto at = [&](double q) { return took_.empty() ? 0 : took_[std::min(took_.size() - 1, size_t(q * double(took_.size())))] / 1e3; };
    rusage own;
    getrusage(RUSAGE_SELF, &own);
    printf("{\"requests\":%zu,\"failed\":%zu,\"per_second\":%.1f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f,\"mean_body\":%.0f,\"client_cpu_s\":%.2f}\n",
           took_.size(), failed_, double(took_.size()) / o_.seconds, at(0.5), at(0.99), at(1), took_.empty() ? 0 : double(bytes_) / double(took_.size()),
           double(own.ru_utime.tv_sec + own.ru_stime.tv_sec) + double(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6);
  }

  const Options o_;
  std::mt19937_64 random_;
  int epoll_ = -1;
  std::vector<Connection> connections_;
  std::vector<size_t> free_;
  std::vector<char> buffer_ = std::vector<char>(1 << 18);
  uint64_t begun_ = 0, counted_from_ = 0, end_ = 0, next_due_ = 0, number_ = 0, bytes_ = 0;
  std::vector<uint32_t> took_;  // microseconds
  size_t failed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options o;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--address") o.address = value;
    else if (name == "--method") o.method = value;
    else if (name == "--path") o.path = value;
    else if (name == "--body") o.body = value;
    else if (name == "--conns") o.conns = strtoull(value, nullptr, 10);
    else if (name == "--rate") o.rate = atof(value);
    else if (name == "--seconds") o.seconds = atof(value);
    else if (name == "--warmup") o.warmup = atof(value);
    else if (name == "--seed") o.seed = strtoull(value, nullptr, 10);
    else Die("unknown option " + std::string(name));
  }
  return Load(o).Run();
}
