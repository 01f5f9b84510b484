#include "hub/service/connection_table.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace tocsin::hub {
namespace {

// 0 for what is no socket.
uint64_t CookieOf(int descriptor) {
  uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  return getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

}  // namespace

bool ConnectionTable::Add(int connection, const PeerAddress& peer) {
  Forget(connection);  // the descriptor's earlier connection was closed
  const AddressKey key = peer.address.key();
  const bool counted = !peer.address.is_loopback() && !exempt_.Contains(peer.address);
  if (counted) {
    if (CountOf(peer.address) >= most_) {
      ForgetClosed(key);
    }
    if (CountOf(peer.address) >= most_) {
      return false;
    }
    by_address_[key].push_back(connection);
  }
  const auto index = static_cast<size_t>(connection);
  if (entries_.size() <= index) {
    entries_.resize(index + 1);
  }
  entries_[index] = {.cookie = CookieOf(connection), .peer = peer, .counted = counted};
  return true;
}

// The descriptor may be closed, and be another connection's, at any moment. So a second one is made
// for whatever it is now, and that is looked at.
bool ConnectionTable::Shut(const PeerAddress& peer) {
  bool shut = false;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].cookie == 0 || entries_[i].peer != peer) {
      continue;
    }
    const int same = fcntl(static_cast<int>(i), F_DUPFD_CLOEXEC, 0);
    if (same >= 0) {
      if (CookieOf(same) == entries_[i].cookie) {
        shutdown(same, SHUT_RDWR);
        shut = true;
      }
      close(same);
    }
  }
  return shut;
}

void ConnectionTable::Forget(int connection) {
  const auto index = static_cast<size_t>(connection);
  if (index >= entries_.size() || entries_[index].cookie == 0) {
    return;
  }
  const Entry entry = std::exchange(entries_[index], {});
  if (!entry.counted) {
    return;
  }
  const auto found = by_address_.find(entry.peer.address.key());
  std::erase(found->second, connection);
  if (found->second.empty()) {
    by_address_.erase(found);
  }
}

void ConnectionTable::ForgetClosed(const AddressKey& key) {
  const std::vector<int> connections = by_address_[key];
  for (const int connection : connections) {
    if (CookieOf(connection) != entries_[static_cast<size_t>(connection)].cookie) {
      Forget(connection);
    }
  }
}

size_t ConnectionTable::CountOf(const IpAddress& address) const {
  const auto found = by_address_.find(address.key());
  return found == by_address_.end() ? 0 : found->second.size();
}

}  // namespace tocsin::hub
