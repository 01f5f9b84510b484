// follow.h: a subscription that is kept up: printed as it comes, resumed after every cut.
//
// Shape:   one Subscribe after the other, each from the last cursor seen; what is missing is told,
//          nothing is repeated.
// Threads: one; interrupts come from their own.
// Errors:  the first connection must come about within the timeout; after that it tries until it is
//          interrupted. Output that cannot be written ends it with kFailed and the last cursor that
//          was written; a reader that has gone ends it with kOk.
#pragma once

#include <iosfwd>
#include <string>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/event_text.h"
#include "cli/interrupt.h"

namespace tocsin::cli {

struct FollowOptions {
  v1::SubscribeRequest request;
  bool json = false;
  TextStyle style;
  size_t count = 0;  // ends after so many events; 0: no bound
  bool until_caught_up = false;
};

// An exit code. Events go to `out`, all else to stderr.
int Follow(const Globals& globals, const FollowOptions& options, Interrupt& interrupt,
           std::ostream& out);

// {"gap":{"reason":"expired","from":"…","to":"…"}}
std::string GapJson(const v1::Gap& gap);
std::string GapText(const v1::Gap& gap);

}  // namespace tocsin::cli
