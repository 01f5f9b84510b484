// incident_set.h: the incidents that match a filter, as a stream of snapshot, changes and leaves
// tells them.
//
// Shape:   every way in answers with what it changed, so that whoever prints changes tells the same
//          story as the table. A snapshot replaces the set once it is whole: until then what was
//          known stays, and changes wait for it.
// Threads: not thread-safe.
// Owns:    the incidents.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "tocsin/v1/hub.pb.h"

namespace tocsin::cli {

struct IncidentChange {
  enum class Kind { kEntered, kChanged, kLeft };
  Kind kind;
  v1::Incident incident;  // as it is now
};

class IncidentSet {
 public:
  // Some 100 MB of them. Nobody reads a longer table; a filter makes it shorter.
  static constexpr size_t kMost = 100'000;

  // What the response does to the set. Responses of one stream, in order, the first ones a
  // snapshot.
  std::vector<IncidentChange> Apply(const v1::SubscribeResponse& response);
  // The stream has broken: a snapshot that is not whole is dropped.
  void Broken();

  // The worst first; of one severity, the one that changed last.
  std::vector<const v1::Incident*> Sorted() const;
  size_t size() const { return incidents_.size(); }
  // More than kMost have come: the set is of no use any more.
  bool overflown() const { return incidents_.size() > kMost || snapshot_.size() > kMost; }
  // Whether a snapshot has come whole.
  bool whole() const { return whole_; }

 private:
  using ById = std::map<std::string, v1::Incident>;

  void Put(const v1::Incident& incident, std::vector<IncidentChange>& changes);
  void Remove(const v1::Left& left, std::vector<IncidentChange>& changes);
  void Replace(std::vector<IncidentChange>& changes);

  ById incidents_;
  ById snapshot_;  // as far as it has come
  bool whole_ = false;
};

}  // namespace tocsin::cli
