// run.h: runs `tocsin verify`: load and subscribers over every transport against a hub and a bridge,
// then a full read of the log, then the judge.
//
// Shape:   say what will be done; ask both how they are; follow and publish; publish the last event;
//          wait until every follower has come to it; read the log back; judge the history's file.
// Threads: main's; each publisher and follower has one.
// Errors:  an exit code: kOk when every guarantee held, kLost when one is broken, kUnreachable when
//          the hub or the bridge was away for the patience, kRefused when one refused what a verifier
//          must be able to do. What went wrong is on stderr.
#pragma once

#include "cli/bench/bridge_url.h"
#include "cli/command.h"
#include "cli/verify/options.h"

namespace tocsin::cli::verify {

int RunVerify(const Globals& globals, const VerifyOptions& options, const bench::BridgeUrl& bridge);
// The judge alone, on a history that was recorded before.
int RunJudge(const VerifyOptions& options);

}  // namespace tocsin::cli::verify
