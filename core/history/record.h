// record.h: the lines of a history: what clients of a hub and its bridges did and saw.
//
// Shape:   a file of newline-delimited JSON (record_json.h), one record a line, and `record`, which
//          names the kind, is the first field of each. `…` is a text, [x] may be left out:
//
//   {"record":"stream","stream":1,"name":…,["start":CURSOR],["filter":{…}],["leaves":true],
//    ["latest_only":true],["priority":true]}     a chain of resumes, before its first step; `start`
//                                                is left out where it begins with a snapshot
//   {"record":"publish","ids":[UUID…],["invoked_us":N],["answered_us":N],
//    ["answer":[{"cursor":CURSOR,"duplicate":true}…]],["contents":[…]]}   a call: all its tries
//   {"record":"event","stream":1,["connection":N],"id":UUID,"cursor":CURSOR,["content":…]}
//   {"record":"left","stream":1,"incident":UUID,"cursor":CURSOR}
//   {"record":"bookmark","stream":1,"cursor":CURSOR}             a cursor without an event
//   {"record":"gap","stream":1,"from":CURSOR,"to":CURSOR}
//   {"record":"resume","stream":1,["connection":N],"cursor":CURSOR}   the last cursor it was given
//   {"record":"snapshot","stream":1,"cursor":CURSOR,"incidents":[UUID…]}     whole
//   {"record":"read","read":1,"id":UUID,"cursor":CURSOR,["incident":UUID],["urgent":true],
//    ["facts":{…}],["content":…],["others":true]}      an event of a full read of the log
//
//   {"record":"end","read":1}                                    the read has come to the log's end
//
//          The steps of a stream, and the events of a read, stand in the order in which they came;
//          all else may stand anywhere. Reads are numbered in the order of time. The one with the
//          highest number is made when all is over: it is what the log holds in the end. `facts`
//          has the names of a filter's fields in the singular: event_type, severity, state, source,
//          labels, affected_resources. `content` is any text that two sights of an event share when
//          its content is the same, and else do not. Times are of one clock that never goes back.
//          `others`: the event is not of the publishers of this history.
// Threads: values.
// Source:  docs/guarantees.md
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/event/cursor.h"
#include "core/history/uuid_key.h"

namespace tocsin::history {

// Equal contents have equal digests; 0: not told.
using Content = uint64_t;

struct StreamRecord {
  uint32_t stream = 0;
  std::string name;
  std::optional<Cursor> start;
  std::string filter;  // JSON; empty: everything
  bool leaves = false;
  bool latest_only = false;
  bool priority = false;
};

struct PublishRecord {
  struct Answer {
    Cursor cursor;
    bool duplicate = false;
  };
  std::vector<UuidKey> ids;
  std::vector<Content> contents;  // empty, or one an id
  std::vector<Answer> answers;    // empty: no answer came; else one an id
  int64_t invoked_us = 0;         // 0: not told
  int64_t answered_us = 0;
};

struct EventRecord {
  uint32_t stream = 0;
  uint64_t connection = 0;
  UuidKey id;
  Place place;
  Content content = 0;
};

struct LeftRecord {
  uint32_t stream = 0;
  UuidKey incident;
  Cursor cursor;
};

struct BookmarkRecord {
  uint32_t stream = 0;
  Place place;
};

struct GapRecord {
  uint32_t stream = 0;
  Place from;
  Place to;
};

struct ResumeRecord {
  uint32_t stream = 0;
  uint64_t connection = 0;
  Place place;
};

struct SnapshotRecord {
  uint32_t stream = 0;
  Cursor cursor;
  std::vector<UuidKey> incidents;
};

struct ReadRecord {
  uint32_t read = 0;
  UuidKey id;
  Cursor cursor;
  std::optional<UuidKey> incident;
  bool urgent = false;
  bool others = false;
  std::string facts;  // JSON; empty: none
  Content content = 0;
};

struct EndRecord {
  uint32_t read = 0;
};

using Record = std::variant<StreamRecord, PublishRecord, EventRecord, LeftRecord, BookmarkRecord,
                            GapRecord, ResumeRecord, SnapshotRecord, ReadRecord, EndRecord>;

}  // namespace tocsin::history
