#include "hub/log/incident_history.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/utf8.h"
#include "core/event/time_proto.h"

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

std::string NoteBytes(v1::Note note) {
  if (!note.content().empty()) {
    Fit(note, *note.mutable_content());
  }
  return note.SerializeAsString();
}

class Writer {
 public:
  Writer(const HistoryExtent& known, std::string_view incident) : incident_(incident) {
    change_.extent = known;
  }

  // One row, in the place of the one before.
  void GiveTimeline(google::protobuf::RepeatedPtrField<v1::TimelineEntry>& entries) {
    v1::Incident kept;
    for (int i = NewestFrom(entries); i < entries.size(); ++i) {
      AddHistoryRow(HistoryKind::kTimeline, TimelineEntryBytes(std::move(entries[i])), kept);
    }
    change_.rows.push_back({incident_, HistoryKind::kGivenTimeline, 0, kept.SerializeAsString()});
  }

  void ReplaceNotes(google::protobuf::RepeatedPtrField<v1::Note>& notes) {
    while (change_.extent.notes.first < change_.extent.notes.next) {
      DropOldestNote();
    }
    for (int i = NewestFrom(notes); i < notes.size(); ++i) {
      AddNote(std::move(notes[i]));
    }
  }

  void AddNote(v1::Note note) {
    HistoryRange& range = change_.extent.notes;
    change_.rows.push_back(
        {incident_, HistoryKind::kNote, range.next++, NoteBytes(std::move(note))});
    if (range.next - range.first > kHistoryRows) {
      DropOldestNote();
    }
  }

  HistoryChange Finish() { return std::move(change_); }

 private:
  static int NewestFrom(const auto& entries) {
    return std::max(0, entries.size() - static_cast<int>(kHistoryRows));
  }
  void DropOldestNote() {
    change_.rows.push_back({incident_, HistoryKind::kNote, change_.extent.notes.first++, ""});
  }

  const std::string incident_;
  HistoryChange change_;
};

}  // namespace

HistoryChange TakeHistory(v1::Incident& given, const HistoryExtent* known,
                          std::string_view incident, Sequence sequence, const v1::Note* note) {
  HistoryExtent extent = known != nullptr ? *known : HistoryExtent();
  if (known == nullptr || !given.timeline().empty() || sequence < extent.timeline_since) {
    extent.timeline_since = sequence;
  }
  Writer writer(extent, incident);
  if (!given.timeline().empty()) {
    writer.GiveTimeline(*given.mutable_timeline());
  }
  if (!given.notes().empty()) {
    writer.ReplaceNotes(*given.mutable_notes());
  }
  given.clear_timeline();
  given.clear_notes();
  if (note != nullptr) {
    writer.AddNote(*note);
  }
  return writer.Finish();
}

v1::Note NoteOf(const v1::Event& comment, absl::Time time) {
  v1::Note note;
  note.set_id(comment.id());
  note.set_author(comment.comment_added().author());
  note.set_content(comment.comment_added().comment());
  SetTimestamp(*note.mutable_created_at(), time);
  return note;
}

// What is beside the text is bounded too: a map goes whole.
std::string TimelineEntryBytes(v1::TimelineEntry entry) {
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

bool AddHistoryRow(HistoryKind kind, std::string_view bytes, v1::Incident& incident) {
  const int size = static_cast<int>(bytes.size());
  switch (kind) {
    case HistoryKind::kTimeline:
      return incident.add_timeline()->ParseFromArray(bytes.data(), size);
    case HistoryKind::kNote:
      return incident.add_notes()->ParseFromArray(bytes.data(), size);
    case HistoryKind::kGivenTimeline: {
      v1::Incident given;
      if (!given.ParseFromArray(bytes.data(), size)) {
        return false;
      }
      incident.MergeFrom(given);
      return true;
    }
  }
  return false;
}

}  // namespace tocsin::hub
