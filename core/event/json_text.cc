// Texts, numbers and times by themselves, for those who write their own JSON.
#include "core/event/json_out.h"
#include "core/event/json_writer.h"

namespace tocsin {

void AppendJsonString(std::string& out, std::string_view text) { JsonOut(out).Text(text); }

void AppendJsonNumber(std::string& out, double number) { JsonOut(out).Number(number); }

void AppendJsonTime(std::string& out, absl::Time time) { JsonOut(out).Time(time); }

}  // namespace tocsin
