// listen_sockets.h: the sockets on which the clients of one port connect, over gRPC or HTTP.
//
// Shape:   one for each address that the host's name has (localhost may have two), or one Unix
//          socket. With port 0 all get the port that the first was given; where that one is taken
//          on another address, all get another.
// Threads: a value.
// Owns:    the sockets, and the path of a Unix socket: it is removed at the end, while it is still
//          this socket's. A path that a program before left behind is taken over; one on which
//          somebody listens is not.
// Errors:  UNAVAILABLE or INVALID_ARGUMENT, naming the address and what to do.
#pragma once

#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/listen_address.h"

namespace tocsin {

class ListenSockets {
 public:
  // Of a Unix socket's file: as the process's umask has it, or only this user (mode 0600).
  enum class WhoMayOpen : uint8_t { kAsUmask, kOwner };
  static absl::StatusOr<ListenSockets> Open(const ListenAddress& address,
                                            WhoMayOpen who = WhoMayOpen::kAsUmask);
  ~ListenSockets() { Close(); }
  ListenSockets(ListenSockets&& other) noexcept { *this = std::move(other); }
  ListenSockets& operator=(ListenSockets&& other) noexcept;

  // The address with the port that was picked.
  const ListenAddress& address() const { return address_; }
  // They do not block.
  const std::vector<int>& descriptors() const { return descriptors_; }
  // Gives the descriptors of TCP sockets away: whoever takes them closes them.
  std::vector<int> Release() { return std::exchange(descriptors_, {}); }

 private:
  ListenSockets(const ListenAddress& address, WhoMayOpen who) : address_(address), who_(who) {}

  absl::Status OpenTcp();
  absl::Status ListenOnAll(const addrinfo* list);
  absl::Status OpenUnix();
  absl::Status Listen(int family, const sockaddr* address, size_t bytes);
  absl::Status CannotListen(int error) const;
  void TakePort();
  void Close();

  ListenAddress address_;
  WhoMayOpen who_ = WhoMayOpen::kAsUmask;
  std::vector<int> descriptors_;
  struct stat path_ {};  // of the Unix socket
};

}  // namespace tocsin
