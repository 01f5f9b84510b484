#include "hub/log/incident_history.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/utf8.h"

namespace tocsin::hub {
namespace {

// At a character's beginning, so that it stays UTF-8.
void Cut(std::string& text, size_t keep) {
  const size_t whole = text.size();
  text.resize(Utf8Prefix(text, keep).size());
  absl::StrAppend(&text, "… (cut: the event has all ", whole, " bytes)");
}

template <typename Entry>
void Fit(Entry& entry, std::string& text) {
  const size_t size = entry.ByteSizeLong();
  if (size > kHistoryRowBytes) {
    const size_t others = size - text.size();
    Cut(text, others < kHistoryRowBytes / 2 ? kHistoryRowBytes - others : kHistoryRowBytes / 2);
  }
}

// What is beside the text is bounded too: a map goes whole.
std::string RowOf(v1::TimelineEntry&& entry) {
  const size_t size = entry.ByteSizeLong();
  if (size <= kHistoryRowBytes / 2) {
    return entry.SerializeAsString();
  }
  if (size - entry.description().size() > kHistoryRowBytes / 2) {
    entry.clear_metadata();
  }
  if (!entry.description().empty()) {
    Fit(entry, *entry.mutable_description());
  }
  return entry.SerializeAsString();
}

std::string RowOf(v1::Note&& note) {
  if (!note.content().empty()) {
    Fit(note, *note.mutable_content());
  }
  return note.SerializeAsString();
}

class Writer {
 public:
  Writer(const HistoryRanges& known, std::string_view incident) : incident_(incident) {
    change_.ranges = known;
  }
  Writer(HistoryChange change, std::string_view incident)
      : incident_(incident), change_(std::move(change)) {}

  template <typename Entries>
  void Replace(HistoryKind kind, Entries& entries) {
    if (entries.empty()) {
      return;
    }
    HistoryRange& range = change_.ranges[kind];
    while (range.first < range.next) {
      DropOldest(kind);
    }
    const int skip = std::max(0, entries.size() - static_cast<int>(kHistoryRows));
    for (int i = skip; i < entries.size(); ++i) {
      Add(kind, RowOf(std::move(entries[i])));
    }
  }

  void Add(HistoryKind kind, std::string bytes) {
    HistoryRange& range = change_.ranges[kind];
    change_.rows.push_back({incident_, kind, range.next++, std::move(bytes)});
    if (range.next - range.first > kHistoryRows) {
      DropOldest(kind);
    }
  }

  HistoryChange Finish() { return std::move(change_); }

 private:
  void DropOldest(HistoryKind kind) {
    change_.rows.push_back({incident_, kind, change_.ranges[kind].first++, ""});
  }

  const std::string incident_;
  HistoryChange change_;
};

}  // namespace

HistoryChange TakeHistory(v1::Incident& given, const HistoryRanges& known,
                          std::string_view incident, const v1::Note* note) {
  Writer writer(known, incident);
  writer.Replace(HistoryKind::kTimeline, *given.mutable_timeline());
  writer.Replace(HistoryKind::kNote, *given.mutable_notes());
  given.clear_timeline();
  given.clear_notes();
  if (note != nullptr) {
    writer.Add(HistoryKind::kNote, RowOf(v1::Note(*note)));
  }
  return writer.Finish();
}

void AddToTimeline(v1::TimelineEntry entry, std::string_view incident, HistoryChange& change) {
  Writer writer(std::move(change), incident);
  writer.Add(HistoryKind::kTimeline, RowOf(std::move(entry)));
  change = writer.Finish();
}

bool AddHistoryRow(HistoryKind kind, std::string_view bytes, v1::Incident& incident) {
  const int size = static_cast<int>(bytes.size());
  return kind == HistoryKind::kTimeline
             ? incident.add_timeline()->ParseFromArray(bytes.data(), size)
             : incident.add_notes()->ParseFromArray(bytes.data(), size);
}

}  // namespace tocsin::hub
