// history.h: what a simulation saw, and whether it is as docs/guarantees.md promises.
//
// Shape:   publishers and subscribers write down what they did and saw; Judge compares that with what
//          the disk held, over all of the hub's lives. The rules are of this file alone: they share
//          no code with what they judge.
// Threads: one.
#pragma once

#include <optional>
#include <set>
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

// What one subscriber asks for, over all of its connections.
struct Asks {
  bool worst = false;        // its filter is P0 and P1
  bool snapshot = false;     // the incidents that match come first; implies leaves
  bool leaves = false;       // what leaves is told
  bool latest_only = false;  // while it is behind, only the newest event of each incident
};

// What one subscriber saw, over all of its connections.
class Seen {
 public:
  Seen(std::string name, Asks asks) : name_(std::move(name)), asks_(asks) {}

  const std::string& name() const { return name_; }
  const Asks& asks() const { return asks_; }
  // Until its snapshot has come whole, there is nothing to resume from.
  bool wants_snapshot() const { return asks_.snapshot && !place_.has_value(); }
  // Where it stands, as a client would keep it; nothing before it was told.
  const std::optional<Cursor>& place() const { return place_; }

  // The subscription began here, or a bookmark came.
  void At(const Cursor& place) { Add({.place = place}); }
  void Event(const Cursor& place, std::string id) { Add({.place = place, .id = std::move(id)}); }
  void Left(const Cursor& place, std::string incident) {
    Add({.place = place, .left = std::move(incident)});
  }
  // So many events were passed over, as it was told.
  void PassedOver(uint64_t events) { passed_over_ += events; }
  // The whole of a snapshot.
  void Snapshot(const Cursor& place, std::set<std::string> incidents) {
    Add({.place = place, .set = std::move(incidents)});
  }
  void Gap(const Cursor& from, const Cursor& to) { Add({.place = to, .gap_from = from}); }

  struct Item {
    Cursor place;
    std::string id = {};                                      // of an event
    std::string left = {};                                    // the incident that has left
    std::optional<Cursor> gap_from = std::nullopt;            // of a gap, which ends at `place`
    std::optional<std::set<std::string>> set = std::nullopt;  // of a snapshot
  };
  const std::vector<Item>& items() const { return items_; }
  uint64_t passed_over() const { return passed_over_; }

 private:
  void Add(Item item) {
    place_ = item.place;
    items_.push_back(std::move(item));
  }

  const std::string name_;
  const Asks asks_;
  std::optional<Cursor> place_;
  uint64_t passed_over_ = 0;
  std::vector<Item> items_;
};

// The first thing that is wrong, with the guarantee's name; empty when nothing is. The log stands
// still, and everybody has had time to come to its end.
std::string Judge(const Disk& disk, const std::vector<Published>& published,
                  const std::vector<const Seen*>& seen);

}  // namespace tocsin::simulation
