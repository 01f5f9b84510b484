#include "bridge/alerts/word_map.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/closest.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/names.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

constexpr const char* kSources[] = {"alertmanager", "grafana", "pagerduty", "oncall"};

std::string Lower(std::string_view word) {
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(ToAbsl(word)));
}

absl::Status Wrong(std::string_view text, std::string_view problem) {
  return absl::InvalidArgumentError(
      absl::StrCat(Quote(text), " ", ToAbsl(problem), "; expected WORD=NAME or SOURCE:WORD=NAME"));
}

}  // namespace

std::string_view SourceName(AlertKind kind) { return kSources[static_cast<size_t>(kind)]; }

absl::Status WordMap::Add(const std::vector<std::string>& texts) {
  std::vector<Entry> entries;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(Entry entry, Parse(text));
    entries.push_back(std::move(entry));
  }
  for (const Entry& entry : entries) {
    if (entry.source.empty()) {
      std::erase_if(words_, [&](const auto& own) { return own.first.second == entry.word; });
      words_[{"", entry.word}] = entry.number;
    }
  }
  for (const Entry& entry : entries) {
    if (!entry.source.empty()) {
      words_[{entry.source, entry.word}] = entry.number;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<WordMap::Entry> WordMap::Parse(std::string_view text) const {
  const size_t equals = text.rfind('=');
  if (equals == std::string_view::npos) {
    return Wrong(text, "has no equals sign");
  }
  const size_t colon = text.find(':');
  const bool has_source = colon < equals;
  const size_t begin = has_source ? colon + 1 : 0;
  Entry entry{.source = has_source ? Lower(text.substr(0, colon)) : "",
              .word = Lower(text.substr(begin, equals - begin)),
              .number = 0};
  if (entry.word.empty()) {
    return Wrong(text, "has no word");
  }
  if (has_source && std::ranges::find(kSources, entry.source) == std::end(kSources)) {
    return Wrong(text,
                 absl::StrCat("has an unknown source; allowed: ", absl::StrJoin(kSources, ", ")));
  }
  const std::string name(absl::StripAsciiWhitespace(ToAbsl(text.substr(equals + 1))));
  const std::optional<int> number = EnumNumber(*names_, name);
  if (!number.has_value()) {
    const std::vector<std::string> allowed = EnumNames(*names_);
    return Wrong(text, absl::StrCat("has an unknown name; allowed: ", absl::StrJoin(allowed, ", "),
                                    DidYouMean(name, allowed)));
  }
  entry.number = *number;
  return entry;
}

std::optional<int> WordMap::Find(AlertKind kind, std::string_view word) const {
  if (const std::optional<int> own = FindOwn(kind, word)) {
    return own;
  }
  const std::string lower = Lower(word);
  const std::optional<int> any = Look("", lower);
  return any.has_value() ? any : EnumNumber(*names_, lower);
}

std::optional<int> WordMap::FindOwn(AlertKind kind, std::string_view word) const {
  return Look(SourceName(kind), Lower(word));
}

std::vector<std::string> WordMap::OwnWords(AlertKind kind) const {
  std::vector<std::string> words;
  for (const auto& [key, number] : words_) {
    if (key.first == SourceName(kind)) {
      words.push_back(key.second);
    }
  }
  return words;
}

std::optional<int> WordMap::Look(std::string_view source, const std::string& word) const {
  const auto found = words_.find({std::string(source), word});
  return found == words_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace tocsin::bridge
