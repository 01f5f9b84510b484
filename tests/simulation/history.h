// history.h: what a simulation saw, and whether it is as docs/guarantees.md promises.
//
// Shape:   publishers and subscribers write down what they did and saw; Judge compares that with what
//          the disk held, over all of the hub's lives. The rules are of this file alone: they share
//          no code with what they judge.
// Threads: one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/event/cursor.h"
#include "tests/simulation/disk.h"

namespace tocsin::simulation {

// One request of a publisher, over all of its tries.
struct Published {
  std::vector<std::string> ids;
  uint64_t begun = 0;          // World::steps() at its first try
  uint64_t answered = 0;       // 0: never
  std::vector<Cursor> places;  // as answered
};

// What one subscriber saw, over all of its connections.
class Seen {
 public:
  // `worst`: its filter is P0 and P1.
  Seen(std::string name, bool worst) : name_(std::move(name)), worst_(worst) {}

  const std::string& name() const { return name_; }
  bool worst() const { return worst_; }
  // Where it stands, as a client would keep it; nothing before it was told.
  const std::optional<Cursor>& place() const { return place_; }

  // The subscription began here, or a bookmark came.
  void At(const Cursor& place) { Add({.place = place}); }
  void Event(const Cursor& place, std::string id) { Add({.place = place, .id = std::move(id)}); }
  void Gap(const Cursor& from, const Cursor& to) { Add({.place = to, .gap_from = from}); }

  struct Item {
    Cursor place;
    std::string id = {};                            // of an event
    std::optional<Cursor> gap_from = std::nullopt;  // of a gap, which ends at `place`
  };
  const std::vector<Item>& items() const { return items_; }

 private:
  void Add(Item item) {
    place_ = item.place;
    items_.push_back(std::move(item));
  }

  const std::string name_;
  const bool worst_;
  std::optional<Cursor> place_;
  std::vector<Item> items_;
};

// The first thing that is wrong, with the guarantee's name; empty when nothing is. The log stands
// still, and everybody has had time to come to its end.
std::string Judge(const Disk& disk, const std::vector<Published>& published,
                  const std::vector<const Seen*>& seen);

}  // namespace tocsin::simulation
