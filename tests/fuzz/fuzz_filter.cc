// Any bytes as filters on the wire: what compiles means the same when it is compiled again, let through
// what the message says, and in JSON; and both together let through what each does. The input is a Filter,
// another, and an event, each after its length in a byte.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/event/facts.h"
#include "core/event/filter.h"
#include "core/event/json_reader.h"
#include "core/event/json_writer.h"
#include "core/event/validate.h"
#include "tests/core/filter_oracle.h"
#include "tests/fuzz/parse.h"

namespace {

using namespace tocsin;

std::string_view TakePart(std::string_view& bytes) {
  const size_t size = bytes.empty() ? 0 : static_cast<uint8_t>(bytes.front());
  const std::string_view part = bytes.substr(bytes.empty() ? 0 : 1, size);
  bytes.remove_prefix(std::min(bytes.size(), size + 1));
  return part;
}

FilterPtr Compiled(std::string_view bytes) {
  v1::Filter filter;
  if (!fuzz::Parse(bytes, filter)) {
    return nullptr;
  }
  const auto compiled = Filter::Compile(filter);
  if (!compiled.ok()) {
    TOCSIN_CHECK(!compiled.status().message().empty());
    return nullptr;
  }
  const v1::Filter& understood = (*compiled)->clauses().front().proto();
  TOCSIN_CHECK(Filter::Compile(understood).value()->key() == (*compiled)->key());
  std::string text;
  AppendJsonFilter(text, understood);
  const auto read = ReadJsonFilter(text, "filter");
  TOCSIN_CHECK(read.ok() && Filter::Compile(*read).value()->key() == (*compiled)->key());
  return *compiled;
}

bool Lets(const FilterPtr& filter, const v1::Event& event) {
  const bool matches = filter->Matches(EventFacts::Of(event));
  TOCSIN_CHECK(matches == testing::OracleMatches(filter->clauses().front().proto(), event));
  return matches;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const FilterPtr one = Compiled(TakePart(bytes));
  const FilterPtr two = Compiled(TakePart(bytes));
  v1::Event event;
  if (one == nullptr || two == nullptr || !fuzz::Parse(bytes, event) ||
      !NormalizeEvent(event, "event").ok()) {
    return 0;
  }
  const FilterPtr filters[] = {one, two};
  const FilterPtr both = Filter::AllOf(filters);
  const bool lets_one = Lets(one, event);
  const bool lets_both = Lets(two, event) && lets_one;
  TOCSIN_CHECK(both->Matches(EventFacts::Of(event)) == lets_both);
  return 0;
}
