// follow.h: `tocsin sub`: prints a subscription's events and resumes it after every broken stream.
//
// Shape:   a HubStream (core/rpc) whose responses are printed. Each new stream starts after the
//          last cursor that was seen, so nothing is repeated; what is missing is reported as a gap.
// Threads: runs on the caller's thread until it ends or is interrupted.
// Errors:  the first connection must succeed within the timeout; after that it tries again until it
//          is interrupted. When the output cannot be written it ends with kFailed and names the
//          last cursor that was written; when the reader of a pipe has gone it ends with kOk.
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

// Returns an exit code. Events go to `out`, everything else to stderr.
int Follow(const Globals& globals, const FollowOptions& options, Interrupt& interrupt,
           std::ostream& out);

// {"gap":{"reason":"expired","from":"…","to":"…"}}
std::string GapJson(const v1::Gap& gap);
// {"snapshot":{…}}: an incident of the snapshot.
std::string SnapshotJson(const v1::Incident& incident);
// {"left":{"incident_id":"…","incident":{…},"sequence":…,"cursor":"…"}}
std::string LeftJson(const v1::Left& left);
// {"passed_over":3}: before the events that come instead.
std::string PassedOverJson(uint64_t events);
std::string PassedOverText(uint64_t events);
std::string GapText(const v1::Gap& gap);

}  // namespace tocsin::cli
