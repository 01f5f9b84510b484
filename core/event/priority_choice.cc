#include "core/event/priority_choice.h"

#include "absl/strings/str_cat.h"
#include "core/event/error.h"
#include "core/event/text.h"

namespace tocsin {
namespace {

const char* OtherChoice(const PriorityChoice& choice) {
  return choice.snapshot ? "snapshot"
         : choice.leaves ? "leaves"
                         : (choice.latest_only ? "latest_only" : nullptr);
}

}  // namespace

absl::Status CheckPriority(const PriorityChoice& choice, std::string_view start_field) {
  const char* const other = OtherChoice(choice);
  if (other == nullptr || (!choice.priority && !choice.split_start)) {
    return absl::OkStatus();
  }
  if (choice.priority) {
    return FieldError(
        ErrorCode::kInvalidMessage, "priority", absl::StrCat("cannot be given with ", other),
        {absl::StrCat("false with ", other, ", which needs the events in the order of the log")});
  }
  return FieldError(
      ErrorCode::kInvalidMessage, start_field,
      absl::StrCat("is where a subscription with priority stood while it was behind, and cannot be "
                   "given with ",
                   other),
      {absl::StrCat("with ", other, ": a cursor of one that was not behind")});
}

}  // namespace tocsin
