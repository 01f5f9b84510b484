#include "cli/jsonl.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "core/base/option_values.h"
#include "core/base/strings.h"
#include "core/event/json_reader.h"
#include "core/event/uuid.h"
#include "core/event/validate.h"

namespace tocsin::cli {
namespace {

// What some editors put before UTF-8.
constexpr char kByteOrderMark[] = "\xef\xbb\xbf";

}  // namespace

JsonLines::ReadOutcome JsonLines::ReadLine() {
  using Traits = std::istream::traits_type;
  text_.clear();
  std::streambuf& buffer = *in_.rdbuf();
  Traits::int_type next = buffer.sbumpc();
  if (next == Traits::eof()) return ReadOutcome::kEnd;
  ++line_;
  bool too_long = false;
  for (; next != Traits::eof() && next != '\n'; next = buffer.sbumpc()) {
    too_long = too_long || text_.size() >= kMostBytes;
    if (!too_long) text_ += Traits::to_char_type(next);
  }
  return too_long ? ReadOutcome::kTooLong : ReadOutcome::kLine;
}

absl::Status JsonLines::At(std::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat(name_, ":", line_, ": ", ToAbsl(what)));
}

absl::StatusOr<std::optional<v1::Event>> JsonLines::Next() {
  while (true) {
    const ReadOutcome outcome = ReadLine();
    if (outcome == ReadOutcome::kEnd) return std::nullopt;
    if (outcome == ReadOutcome::kTooLong) {
      return At(absl::StrCat("the line is longer than ", FormatBytes(kMostBytes)));
    }
    absl::string_view text = ToAbsl(text_);
    if (line_ == 1) absl::ConsumePrefix(&text, kByteOrderMark);
    text = absl::StripAsciiWhitespace(text);
    if (text.empty()) continue;
    absl::StatusOr<v1::Event> event = ReadJsonEvent(ToStd(text));
    if (!event.ok()) return At(ToStd(event.status().message()));
    const absl::Status valid = NormalizeEvent(*event, "");
    if (!valid.ok()) return At(ToStd(valid.message()));
    if (event->id().empty()) event->set_id(NewUuid(absl::Now()));
    return *std::move(event);
  }
}

}  // namespace tocsin::cli
