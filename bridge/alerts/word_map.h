// word_map.h: which of our names a sender's word stands for, per source and for all of them.
//
// Shape:   words are compared without regard to case. A word of a source goes before the same word
//          of all sources.
// Threads: filled at the start; then const.
// Errors:  Add names what is wrong in a text from the configuration.
#pragma once

#include <google/protobuf/descriptor.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tocsin::bridge {

// Who sends alerts, as far as their words go. Prometheus speaks as its Alertmanager does.
enum class AlertKind { kAlertmanager, kGrafana, kPagerDuty, kOnCall };

// "alertmanager", …: as the configuration and fingerprints write it.
std::string_view SourceName(AlertKind kind);

class WordMap {
 public:
  // Our names are those of the enumeration.
  explicit WordMap(const google::protobuf::EnumDescriptor& names) : names_(&names) {}

  void Set(std::string_view word, int number) { words_[{"", std::string(word)}] = number; }
  void Set(AlertKind kind, std::string_view word, int number) {
    words_[{std::string(SourceName(kind)), std::string(word)}] = number;
  }
  // "WORD=NAME", for all sources, or "SOURCE:WORD=NAME". What is given here for all sources counts
  // for those too that have the word as their own already.
  absl::Status Add(const std::vector<std::string>& texts);

  // Nothing for an unknown word. Our own names are known to every source.
  std::optional<int> Find(AlertKind kind, std::string_view word) const;
  // Only what is given for that very source.
  std::optional<int> FindOwn(AlertKind kind, std::string_view word) const;
  std::vector<std::string> OwnWords(AlertKind kind) const;

 private:
  struct Entry {
    std::string source;  // "": all
    std::string word;
    int number;
  };

  absl::StatusOr<Entry> Parse(std::string_view text) const;
  std::optional<int> Look(std::string_view source, const std::string& word) const;

  const google::protobuf::EnumDescriptor* names_;
  std::map<std::pair<std::string, std::string>, int> words_;  // by source ("": all) and word
};

}  // namespace tocsin::bridge
