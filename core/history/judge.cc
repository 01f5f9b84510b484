// The two passes over a history, and who judges which record.
#include "core/history/judge.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/history/asked.h"
#include "core/history/call_check.h"
#include "core/history/record_json.h"
#include "core/history/stream_check.h"

namespace tocsin::history {
namespace {

// A stream of the history: one check, or with `priority` one for each part.
struct Judged {
  std::shared_ptr<const Asked> asked;
  std::vector<StreamCheck> parts;
};

class HistoryJudge {
 public:
  HistoryJudge(std::istream& in, std::string_view name) : in_(in), name_(name) {}

  absl::StatusOr<Verdict> Run() {
    RETURN_IF_ERROR(ForEachLine([this](std::string_view line) { return TakeFirst(line); }));
    if (ended_read_ == 0 || ended_read_ != last_read_) {
      return absl::FailedPreconditionError(absl::StrCat(
          name_, ": has no whole last read of the log, which all else is compared with"));
    }
    log_.Close(verdict_);
    RETURN_IF_ERROR(PrepareStreams());
    RETURN_IF_ERROR(ForEachLine([this](std::string_view line) { return TakeSecond(line); }));
    End();
    return std::move(verdict_);
  }

 private:
  // A read of the log that is not the last.
  struct EarlierRead {
    std::unique_ptr<StreamCheck> check;
    const LogEntry* last = nullptr;
  };

  absl::Status ForEachLine(const std::function<absl::Status(std::string_view)>& take) {
    in_.clear();
    in_.seekg(0);
    std::string line;
    for (size_t number = 1; std::getline(in_, line); ++number) {
      if (line.empty()) continue;
      if (const absl::Status status = take(line); !status.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(name_, ":", number, ": ", status.message()));
      }
    }
    return in_.bad() ? absl::UnavailableError(absl::StrCat(name_, ": cannot be read"))
                     : absl::OkStatus();
  }

  // --- The first pass: the last read, and the streams ---

  absl::Status TakeFirst(std::string_view line) {
    ++verdict_.records;
    const std::string_view kind = KindOf(line);
    if (kind != "read" && kind != "end" && kind != "stream") return absl::OkStatus();
    ASSIGN_OR_RETURN(Record record, reader_.Read(line));
    if (auto* stream = std::get_if<StreamRecord>(&record)) {
      streams_.push_back(std::move(*stream));
    } else if (auto* read = std::get_if<ReadRecord>(&record)) {
      if (IsOfTheLast(read->read)) log_.Add(*read);
    } else if (auto* end = std::get_if<EndRecord>(&record)) {
      if (IsOfTheLast(end->read)) ended_read_ = end->read;
    }
    return absl::OkStatus();
  }

  // A read of a higher number than any before takes the place of the one before.
  bool IsOfTheLast(uint32_t read) {
    if (last_read_ != 0 && read != last_read_) several_reads_ = true;
    if (read > last_read_) {
      log_.Clear();
      last_read_ = read;
    }
    return read == last_read_;
  }

  absl::Status PrepareStreams() {
    for (const StreamRecord& record : streams_) {
      auto asked = Asked::Make(record, log_);
      if (!asked.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(name_, ": stream ", record.stream, ": ", asked.status().message()));
      }
      Judged& judged = judged_[record.stream];
      judged.asked = *asked;
      if (record.priority) {
        judged.parts.emplace_back(*asked, Asked::Part::kUrgent, log_, verdict_);
        judged.parts.emplace_back(*asked, Asked::Part::kOrdinary, log_, verdict_);
      } else {
        judged.parts.emplace_back(*asked, Asked::Part::kAll, log_, verdict_);
      }
    }
    verdict_.streams = streams_.size();
    verdict_.events = log_.entries().size();
    return absl::OkStatus();
  }

  // --- The second pass: all else ---

  absl::Status TakeSecond(std::string_view line) {
    const std::string_view kind = KindOf(line);
    if (kind == "stream" || kind == "end" || (kind == "read" && !several_reads_)) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const Record record, reader_.Read(line));
    return std::visit([this](const auto& one) { return Take(one); }, record);
  }

  absl::Status Take(const StreamRecord&) { return absl::OkStatus(); }
  absl::Status Take(const EndRecord&) { return absl::OkStatus(); }

  absl::Status Take(const PublishRecord& record) {
    if (record.ids.empty()) return absl::InvalidArgumentError("ids: has to have one at least");
    calls_.Take(record);
    return absl::OkStatus();
  }

  absl::Status Take(const ReadRecord& record) {
    if (record.read == last_read_) return absl::OkStatus();
    EarlierRead& read = reads_[record.read];
    const std::string name = absl::StrCat("read ", record.read, " of the log");
    const LogEntry* entry = EntryTold(log_, record.id, record.cursor, record.content,
                                      absl::StrCat(name, " had"), verdict_);
    if (entry == nullptr) return absl::OkStatus();
    if (read.check == nullptr) {
      ASSIGN_OR_RETURN(
          auto asked,
          Asked::Make({.name = name, .start = Before(record.cursor), .filter = ""}, log_));
      read.check =
          std::make_unique<StreamCheck>(std::move(asked), Asked::Part::kAll, log_, verdict_);
    }
    read.check->Event(*entry, 0);
    read.last = entry;
    return absl::OkStatus();
  }

  absl::Status Take(const EventRecord& record) {
    ASSIGN_OR_RETURN(Judged * stream, StreamOf(record.stream));
    const LogEntry* known = log_.Find(record.id);
    const bool urgent = known != nullptr && known->urgent;
    const Cursor& cursor = urgent ? record.place.urgent : record.place.ordinary;
    const LogEntry* entry = EntryTold(log_, record.id, cursor, record.content,
                                      absl::StrCat(stream->asked->name, ", was given"), verdict_);
    if (entry == nullptr) return absl::OkStatus();
    for (StreamCheck& part : stream->parts) {
      if (part.IsOf(*entry)) {
        part.Event(*entry, record.connection);
      } else {
        part.Bookmark(urgent ? record.place.ordinary : record.place.urgent);
      }
    }
    return absl::OkStatus();
  }

  absl::Status Take(const LeftRecord& record) {
    ASSIGN_OR_RETURN(Judged * stream, StreamOf(record.stream));
    stream->parts.front().Left(record.incident, record.cursor);
    return absl::OkStatus();
  }

  absl::Status Take(const BookmarkRecord& record) {
    return ForEachPart(record.stream,
                       [&](StreamCheck& part, auto half) { part.Bookmark(half(record.place)); });
  }

  absl::Status Take(const GapRecord& record) {
    ++verdict_.gaps;
    return ForEachPart(record.stream, [&](StreamCheck& part, auto half) {
      part.Gap(half(record.from), half(record.to));
    });
  }

  absl::Status Take(const ResumeRecord& record) {
    return ForEachPart(record.stream,
                       [&](StreamCheck& part, auto half) { part.Resume(half(record.place)); });
  }

  absl::Status Take(const SnapshotRecord& record) {
    ASSIGN_OR_RETURN(Judged * stream, StreamOf(record.stream));
    if (!stream->asked->leaves) {
      return absl::InvalidArgumentError("snapshot: its stream has to have leaves");
    }
    stream->parts.front().Snapshot(record.cursor, record.incidents);
    return absl::OkStatus();
  }

  // `half` takes the part's cursor out of a place.
  template <typename Step>
  absl::Status ForEachPart(uint32_t number, Step step) {
    ASSIGN_OR_RETURN(Judged * stream, StreamOf(number));
    step(stream->parts.back(), [](const Place& place) { return place.ordinary; });
    if (stream->parts.size() > 1) {
      step(stream->parts.front(), [](const Place& place) { return place.urgent; });
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Judged*> StreamOf(uint32_t number) {
    const auto found = judged_.find(number);
    if (found != judged_.end()) return &found->second;
    return absl::InvalidArgumentError(absl::StrCat("stream: there is no record of ", number));
  }

  static Cursor Before(const Cursor& cursor) {
    return {cursor.epoch, cursor.sequence - std::min<Sequence>(cursor.sequence, 1)};
  }

  void End() {
    calls_.End();
    for (auto& [number, stream] : judged_) {
      for (StreamCheck& part : stream.parts) part.End();
    }
    for (auto& [number, read] : reads_) {
      if (read.check != nullptr) read.check->End();
      if (read.last != nullptr) CheckEndsBetweenCalls(number, *read.last);
    }
  }

  // A crash that left half a call is healed by the publisher's retry; a read before that shows it.
  void CheckEndsBetweenCalls(uint32_t number, const LogEntry& last) {
    const size_t next = log_.IndexOf(last) + 1;
    if (next == log_.entries().size() || last.call == FinalLog::kNoCall) return;
    if (log_.entries()[next].call != last.call) return;
    verdict_.Broken({Guarantee::kAtomic,
                     absl::StrCat("read ", number, " of the log ends in the middle of a call"),
                     {TextOf(last), TextOf(log_.entries()[next])}});
  }

  std::istream& in_;
  const std::string name_;
  RecordReader reader_;
  Verdict verdict_;
  FinalLog log_;
  uint32_t last_read_ = 0;   // the highest number; reads are numbered from 1
  uint32_t ended_read_ = 0;  // the highest that came to its end
  bool several_reads_ = false;
  std::vector<StreamRecord> streams_;
  std::map<uint32_t, Judged> judged_;
  std::map<uint32_t, EarlierRead> reads_;
  CallCheck calls_{log_, verdict_};
};

}  // namespace

absl::StatusOr<Verdict> Judge(std::istream& in, std::string_view name) {
  return HistoryJudge(in, name).Run();
}

}  // namespace tocsin::history
