// history_fixture.h: histories made by hand, for the judge: short names for their events and places.
//
// Shape:   event N has the id Id(N); place N is the sequence N of epoch 1, unless another is given.
//          The log of Good() has the events 0 to 5 of one incident at the places 10 to 15, in calls
//          of two. The even ones have severity P0, the others P1; 1 and 4 are urgent.
#pragma once

#include <functional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/history/judge.h"
#include "core/history/record_json.h"

namespace tocsin::history::testing {

inline UuidKey Id(uint64_t number) { return {0, number}; }
inline UuidKey Incident(uint64_t number) { return {1, number}; }
inline Cursor At(Sequence sequence, Epoch epoch = 1) { return {epoch, sequence}; }

inline EventRecord Event(uint32_t stream, uint64_t number, Place place) {
  return {
      .stream = stream, .connection = 0, .id = Id(number), .place = place, .content = number + 1};
}
inline EventRecord Event(uint32_t stream, uint64_t number) {
  return Event(stream, number, At(number + 10));
}

inline ReadRecord Read(uint32_t read, uint64_t number, Cursor cursor) {
  return {.read = read,
          .id = Id(number),
          .cursor = cursor,
          .incident = Incident(1),
          .urgent = number % 3 == 1,
          .others = false,
          .facts = number % 2 == 0 ? R"({"severity":"P0"})" : R"({"severity":"P1"})",
          .content = number + 1};
}
inline ReadRecord Read(uint32_t read, uint64_t number) {
  return Read(read, number, At(number + 10));
}

// Of events that stand one behind the other, the first at `place`.
inline PublishRecord Call(std::vector<uint64_t> numbers, Sequence place, bool answered = true) {
  PublishRecord call;
  for (const uint64_t number : numbers) {
    call.ids.push_back(Id(number));
    call.contents.push_back(number + 1);
    if (answered) call.answers.push_back({.cursor = At(place++), .duplicate = false});
  }
  return call;
}

// The streams of Good().
enum Stream : uint32_t { kAll = 1, kEven, kSet, kNewest, kPriority, kSnapshot };

struct History {
  std::vector<Record> streams;
  std::vector<Record> calls;
  std::map<uint32_t, std::vector<Record>> steps;
  std::vector<Record> earlier{Read(1, 0), Read(1, 1), Read(1, 2), Read(1, 3), EndRecord{1}};
  std::vector<Record> log;

  PublishRecord& call(size_t index) { return std::get<PublishRecord>(calls[index]); }
  ReadRecord& read(size_t index) { return std::get<ReadRecord>(log[index]); }
  std::vector<Record>& of(uint32_t stream) { return steps[stream]; }
  void Insert(uint32_t stream, size_t at, Record step) {
    auto& all = steps[stream];
    all.insert(all.begin() + static_cast<ptrdiff_t>(at), std::move(step));
  }
  void Erase(uint32_t stream, size_t at) {
    steps[stream].erase(steps[stream].begin() + static_cast<ptrdiff_t>(at));
  }

  std::string Text() const {
    std::string text;
    const auto add = [&](const std::vector<Record>& records) {
      for (const Record& record : records) absl::StrAppend(&text, ToJson(record), "\n");
    };
    add(streams);
    add(calls);
    for (const auto& [stream, all] : steps) add(all);
    add(earlier);
    add(log);
    return text + ToJson(EndRecord{2}) + "\n";
  }
};

inline Place Split(Sequence ordinary, Sequence urgent) { return {At(ordinary), At(urgent)}; }

// Nothing is wrong with it.
inline History Good() {
  constexpr char kP0[] = R"({"severities":["P0"]})";
  History made;
  made.streams = {
      StreamRecord{.stream = kAll, .name = "all", .start = At(9), .filter = ""},
      StreamRecord{.stream = kEven, .name = "even", .start = At(9), .filter = kP0},
      StreamRecord{.stream = kSet, .name = "set", .start = At(9), .filter = kP0, .leaves = true},
      StreamRecord{
          .stream = kNewest, .name = "newest", .start = At(9), .filter = "", .latest_only = true},
      StreamRecord{
          .stream = kPriority, .name = "priority", .start = At(9), .filter = "", .priority = true},
      StreamRecord{.stream = kSnapshot,
                   .name = "snapshot",
                   .start = std::nullopt,
                   .filter = kP0,
                   .leaves = true}};
  for (uint64_t n : {0, 2, 4}) made.calls.push_back(Call({n, n + 1}, n + 10));
  for (uint64_t n = 0; n < 6; ++n) made.log.push_back(Read(2, n));
  made.steps = {
      {kAll,
       {Event(kAll, 0), Event(kAll, 1), BookmarkRecord{kAll, At(11)}, ResumeRecord{kAll, 2, At(11)},
        Event(kAll, 2), Event(kAll, 3), Event(kAll, 4), Event(kAll, 5)}},
      {kEven,
       {Event(kEven, 0), BookmarkRecord{kEven, At(11)}, ResumeRecord{kEven, 2, At(11)},
        Event(kEven, 2), Event(kEven, 4), BookmarkRecord{kEven, At(15)}}},
      {kSet,
       {Event(kSet, 0), LeftRecord{kSet, Incident(1), At(11)}, ResumeRecord{kSet, 2, At(11)},
        Event(kSet, 2), LeftRecord{kSet, Incident(1), At(13)}, Event(kSet, 4),
        BookmarkRecord{kSet, At(14)}, LeftRecord{kSet, Incident(1), At(15)}}},
      {kNewest,
       {Event(kNewest, 2), ResumeRecord{kNewest, 2, At(12)}, Event(kNewest, 4),
        BookmarkRecord{kNewest, At(14)}, Event(kNewest, 5)}},
      {kPriority,
       {Event(kPriority, 1, Split(9, 11)), Event(kPriority, 4, Split(9, 14)),
        Event(kPriority, 0, Split(10, 14)), ResumeRecord{kPriority, 2, Split(10, 14)},
        Event(kPriority, 2, Split(12, 14)), BookmarkRecord{kPriority, Split(12, 15)},
        Event(kPriority, 3, Split(13, 15)), Event(kPriority, 5, At(15))}},
      {kSnapshot,
       {SnapshotRecord{kSnapshot, At(12), {Incident(1)}},
        LeftRecord{kSnapshot, Incident(1), At(13)}, Event(kSnapshot, 4)}}};
  return made;
}

inline absl::StatusOr<Verdict> JudgeText(const std::string& text) {
  std::istringstream in(text);
  return Judge(in, "history");
}

// The names of what is broken, in the order of the guarantees: "Ordered Unique".
inline std::string BrokenOf(const Verdict& verdict) {
  std::string names;
  for (size_t i = 0; i < kGuarantees; ++i) {
    const auto guarantee = static_cast<Guarantee>(i);
    if (verdict.broken(guarantee) == 0) continue;
    absl::StrAppend(&names, names.empty() ? "" : " ", std::string(NameOf(guarantee)));
  }
  return names;
}

}  // namespace tocsin::history::testing
