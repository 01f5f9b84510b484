// token_patience.h: whether a stream that broke may be good again, also when its token ran out.
//
// Shape:   a token's file is renewed beside the command. So once the hub has taken a token of the
//          file, the command waits for the next one for as long as for a hub that is away
//          (--timeout). A token that was never good is refused at once.
// Threads: one at a time.
#pragma once

#include <optional>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/command.h"
#include "core/rpc/hub_error.h"

namespace tocsin::cli {

class TokenPatience {
 public:
  // The hub has given something.
  void Answered() {
    answered_ = true;
    refused_at_.reset();
  }

  bool MayTryAgain(const grpc::Status& status, const Globals& globals) {
    if (!rpc::TokenRefused(status)) return rpc::MayRetry(status);
    if (!answered_ || globals.token == nullptr || !globals.token->may_change()) return false;
    if (!refused_at_) refused_at_ = absl::Now();
    return absl::Now() - *refused_at_ < globals.timeout;
  }

 private:
  bool answered_ = false;
  std::optional<absl::Time> refused_at_;  // since when, without an answer
};

}  // namespace tocsin::cli
