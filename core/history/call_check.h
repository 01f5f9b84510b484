// call_check.h: judges what publishers were answered against the log: Durable, Atomic, and the
// order of the log against real time.
//
// Shape:   Take each call in any order, then End. What a call says of its events is noted in the
//          log's entries.
// Threads: not thread-safe. The log and the verdict outlive it.
// Errors:  to the verdict.
#pragma once

#include <cstdint>
#include <string>

#include "core/history/final_log.h"
#include "core/history/record.h"
#include "core/history/verdict.h"

namespace tocsin::history {

class CallCheck {
 public:
  CallCheck(FinalLog& log, Verdict& verdict) : log_(log), verdict_(verdict) {}

  void Take(const PublishRecord& call);
  void End();

 private:
  void CheckAnswers(const PublishRecord& call);
  void CheckWhole(const PublishRecord& call);
  void Note(const PublishRecord& call);
  void CheckRealTime();
  std::string Name(const PublishRecord& call) const;

  FinalLog& log_;
  Verdict& verdict_;
  uint32_t calls_ = 0;
};

// The entry that somebody was told of under that cursor. nullptr, after a finding, when the log does
// not hold it there; another content is a finding too. `who` begins the finding's sentence.
const LogEntry* EntryTold(const FinalLog& log, const UuidKey& id, const Cursor& cursor,
                          Content content, const std::string& who, Verdict& verdict);

}  // namespace tocsin::history
