#include "core/history/asked.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "core/base/status_macros.h"

namespace tocsin::history {
namespace {

// Facts that are left out are none.
boost::json::object ParseFacts(const std::string& text) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  return !error && value.is_object() ? std::move(value.get_object()) : boost::json::object();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Asked>> Asked::Make(const StreamRecord& record,
                                                         const FinalLog& log) {
  std::shared_ptr<Asked> asked(new Asked(log));
  ASSIGN_OR_RETURN(asked->filter_, PlainFilter::Parse(record.filter));
  asked->set_ = asked->filter_.OfTheSet();
  for (const std::string& text : log.facts()) {
    const boost::json::object facts = ParseFacts(text);
    asked->matches_.push_back(asked->filter_.Matches(facts));
    asked->has_.push_back(asked->set_.Matches(facts));
  }
  asked->name = record.name;
  asked->start = record.start;
  asked->leaves = record.leaves;
  asked->latest_only = record.latest_only;
  asked->priority = record.priority;
  return asked;
}

}  // namespace tocsin::history
