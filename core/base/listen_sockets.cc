#include "core/base/listen_sockets.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"

namespace tocsin {
namespace {

// How often a free port is looked for that is free on all addresses of a name.
constexpr int kPortTries = 20;

const char* Advice(int error) {
  switch (error) {
    case EADDRINUSE:
      return "; another program listens there: stop it, or choose another port (0 picks a free "
             "one)";
    case EACCES:
      return "; this user may not: ports below 1024 need a privilege, and a Unix socket a folder "
             "that may be written";
    case ENOENT:
      return "; the folder of the Unix socket must be there";
    default:
      return "; is it an address of this machine?";
  }
}

sockaddr_un UnixAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof(address.sun_path) - 1));
  return address;
}

bool SomebodyListensOn(const sockaddr_un& address) {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool connected =
      connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  const bool full = !connected && errno == EAGAIN;
  close(probe);
  return connected || full;
}

// The bytes of the address without its port.
std::string IpAddress(const sockaddr& address) {
  if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    return {reinterpret_cast<const char*>(&v6.sin6_addr), sizeof(v6.sin6_addr)};
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
  return {reinterpret_cast<const char*>(&v4.sin_addr), sizeof(v4.sin_addr)};
}

void SetPort(sockaddr* address, uint16_t port) {
  if (address->sa_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(address)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(address)->sin_port = htons(port);
  }
}

}  // namespace

ListenSockets& ListenSockets::operator=(ListenSockets&& other) noexcept {
  Close();
  address_ = other.address_;
  who_ = other.who_;
  path_ = other.path_;
  descriptors_ = std::exchange(other.descriptors_, {});
  return *this;
}

absl::StatusOr<ListenSockets> ListenSockets::Open(const ListenAddress& address, WhoMayOpen who) {
  ListenSockets sockets(address, who);
  RETURN_IF_ERROR(address.IsUnix() ? sockets.OpenUnix() : sockets.OpenTcp());
  return sockets;
}

absl::Status ListenSockets::OpenTcp() {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(address_.host.c_str(), nullptr, &wanted, &list); error != 0) {
    return absl::InvalidArgumentError(absl::StrCat("cannot listen on ", address_.ToString(),
                                                   ": no such host: ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, freeaddrinfo);
  const bool any_port = address_.port == 0;
  absl::Status listens = ListenOnAll(list);
  for (int i = 1; i < kPortTries && any_port && absl::IsAlreadyExists(listens); ++i) {
    Close();
    address_.port = 0;
    listens = ListenOnAll(list);
  }
  return listens.ok() ? absl::OkStatus() : absl::UnavailableError(listens.message());
}

// ALREADY_EXISTS: the port is another program's on one of the addresses.
absl::Status ListenSockets::ListenOnAll(const addrinfo* list) {
  absl::Status last;
  std::vector<std::string> done;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    SetPort(each->ai_addr, address_.port);
    std::string address = IpAddress(*each->ai_addr);
    if (std::find(done.begin(), done.end(), address) != done.end()) {
      continue;  // the hosts file has it twice
    }
    done.push_back(std::move(address));
    last = Listen(each->ai_family, each->ai_addr, each->ai_addrlen);
    if (absl::IsAlreadyExists(last)) {
      return last;
    }
  }
  // A name may have an address that this machine does not: IPv6 that is switched off.
  return descriptors_.empty() ? last : absl::OkStatus();
}

absl::Status ListenSockets::OpenUnix() {
  const std::string& path = address_.unix_path;
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("cannot listen on ", address_.ToString(),
                                                   ": the path may have at most ",
                                                   sizeof(sockaddr_un::sun_path) - 1, " bytes"));
  }
  const sockaddr_un address = UnixAddress(path);
  struct stat found {};
  if (lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode) &&
      (Planted("socket-taken") || !SomebodyListensOn(address))) {
    unlink(path.c_str());
  }
  const absl::Status listens =
      Listen(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  if (!listens.ok()) {
    return absl::UnavailableError(listens.message());
  }
  lstat(path.c_str(), &path_);
  return absl::OkStatus();
}

// ALREADY_EXISTS: the port is another program's.
absl::Status ListenSockets::Listen(int family, const sockaddr* address, size_t bytes) {
  const int made = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) {
    return CannotListen(errno);
  }
  if (!Planted("admin-mode") && family == AF_UNIX && who_ == WhoMayOpen::kOwner) {
    // Before bind: the file then never has another mode.
    fchmod(made, S_IRUSR | S_IWUSR);
  }
  const int on = 1;
  if (family != AF_UNIX) {
    setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // accepted sockets inherit it
  }
  if (family == AF_INET6) {
    // A name's IPv4 address has a socket of its own; [::] is meant for both.
    const int only = address_.host == "::" ? 0 : 1;
    setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
  }
  if (bind(made, address, static_cast<socklen_t>(bytes)) != 0 || listen(made, SOMAXCONN) != 0) {
    const int error = errno;
    close(made);
    return CannotListen(error);
  }
  descriptors_.push_back(made);
  TakePort();
  return absl::OkStatus();
}

void ListenSockets::TakePort() {
  sockaddr_in6 bound{};  // an IPv4 address has its port in the same place
  socklen_t bytes = sizeof(bound);
  if (!address_.IsUnix() &&
      getsockname(descriptors_.front(), reinterpret_cast<sockaddr*>(&bound), &bytes) == 0) {
    address_.port = ntohs(bound.sin6_port);
  }
}

absl::Status ListenSockets::CannotListen(int error) const {
  const std::string text =
      absl::StrCat("cannot listen on ", address_.ToString(), ": ", strerror(error), Advice(error));
  return error == EADDRINUSE ? absl::AlreadyExistsError(text) : absl::UnavailableError(text);
}

void ListenSockets::Close() {
  if (descriptors_.empty()) {
    return;
  }
  for (const int descriptor : std::exchange(descriptors_, {})) {
    close(descriptor);
  }
  struct stat found {};
  if (address_.IsUnix() && lstat(address_.unix_path.c_str(), &found) == 0 &&
      found.st_ino == path_.st_ino && found.st_dev == path_.st_dev) {
    unlink(address_.unix_path.c_str());
  }
}

}  // namespace tocsin
