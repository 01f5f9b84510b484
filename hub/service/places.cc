#include "hub/service/places.h"

#include <arpa/inet.h>

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "core/base/check.h"

namespace tocsin::hub {
namespace {

// "[::1]:5000", where gRPC writes the brackets as a URI has them; empty when it is no IPv6 address.
std::string FirstHalfOfIpv6(std::string_view address) {
  const size_t end = address.find("%5D");
  in6_addr parsed{};
  if (!address.starts_with("%5B") || end == std::string_view::npos ||
      inet_pton(AF_INET6, std::string(address.substr(3, end - 3)).c_str(), &parsed) != 1 ||
      IN6_IS_ADDR_LOOPBACK(&parsed)) {
    return "";
  }
  return std::string(reinterpret_cast<const char*>(parsed.s6_addr), 8);
}

}  // namespace

std::string PeerOf(std::string_view grpc_peer) {
  constexpr std::string_view kIpv4 = "ipv4:";
  constexpr std::string_view kIpv6 = "ipv6:";
  if (grpc_peer.starts_with(kIpv4) && !grpc_peer.starts_with("ipv4:127.")) {
    return std::string(grpc_peer.substr(0, grpc_peer.rfind(':')));
  }
  if (grpc_peer.starts_with(kIpv6)) {
    if (std::string half = FirstHalfOfIpv6(grpc_peer.substr(kIpv6.size())); !half.empty()) {
      return half;
    }
  }
  return std::string(grpc_peer);
}

bool Places::Take(Holder& newcomer, absl::Duration now) {
  TOCSIN_CHECK(!newcomer.placed());
  if (holders_.size() >= most_) {
    Holder* const giver = GiverFor(newcomer.peer(), now);
    if (giver == nullptr) {
      return false;
    }
    Leave(*giver);
    giver->GiveWay();
  }
  newcomer.index_ = holders_.size();
  holders_.push_back(&newcomer);
  return true;
}

void Places::Leave(Holder& holder) {
  if (!holder.placed()) {
    return;
  }
  holders_.back()->index_ = holder.index_;
  holders_[holder.index_] = holders_.back();
  holders_.pop_back();
  holder.index_ = Holder::kNone;
}

Places::Holder* Places::GiverFor(std::string_view peer, absl::Duration now) const {
  std::vector<std::string> peers;
  peers.reserve(holders_.size());
  absl::flat_hash_map<std::string_view, size_t> counts;
  for (const Holder* const holder : holders_) {
    ++counts[peers.emplace_back(holder->peer())];
  }
  const auto own = counts.find(peer);
  const size_t held = own == counts.end() ? 0 : own->second;
  Holder* giver = nullptr;
  std::pair<size_t, absl::Duration> best;
  for (size_t i = 0; i < holders_.size(); ++i) {
    const size_t count = counts[peers[i]];
    const absl::Duration since = holders_[i]->idle_since();
    const bool evens_out = held == 0 || count >= held + 2;
    const bool busy = since == absl::InfiniteDuration();
    if ((!evens_out && since > now - kPatience) || (!busy && since > now - spared_)) {
      continue;
    }
    if (giver == nullptr || count > best.first || (count == best.first && since < best.second)) {
      giver = holders_[i];
      best = {count, since};
    }
  }
  return giver;
}

}  // namespace tocsin::hub
