#include "bridge/graphql_ws/operations.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <utility>

#include "core/base/heap_bytes.h"

namespace tocsin::bridge::graphql_ws {

std::string Operation::id() const {
  return boost::json::value_to<std::string>(boost::json::parse(quoted_id));
}

const Operation* Operations::Find(SubscriptionTag tag) const {
  const auto found =
      std::lower_bound(operations_.begin(), operations_.end(), tag,
                       [](const Operation& each, SubscriptionTag t) { return each.tag < t; });
  return found == operations_.end() || found->tag != tag ? nullptr : &*found;
}

Operation* Operations::Find(SubscriptionTag tag) {
  return const_cast<Operation*>(std::as_const(*this).Find(tag));
}

Operation* Operations::FindId(std::string_view quoted_id) {
  const auto found =
      std::find_if(operations_.begin(), operations_.end(),
                   [&](const Operation& each) { return each.quoted_id == quoted_id; });
  return found == operations_.end() ? nullptr : &*found;
}

Operation& Operations::Add(std::string quoted_id, FormPtr form) {
  if (operations_.capacity() == 0) {
    operations_.reserve(1);  // many sessions have one
  }
  Operation& added = operations_.emplace_back();
  added.tag = next_tag_++;
  added.quoted_id = std::move(quoted_id);
  added.form = std::move(form);
  return added;
}

void Operations::Remove(SubscriptionTag tag) {
  std::erase_if(operations_, [tag](const Operation& each) { return each.tag == tag; });
}

void Operations::Clear() { std::vector<Operation>().swap(operations_); }

size_t Operations::replaying() const {
  return static_cast<size_t>(std::ranges::count_if(operations_, &Operation::replaying));
}

size_t Operations::MemoryBytes() const {
  size_t bytes = HeapBytes(operations_);
  for (const Operation& each : operations_) {
    bytes += HeapBytes(each.quoted_id);
    bytes += each.beginning == nullptr ? 0 : sizeof(std::string) + HeapBytes(*each.beginning);
  }
  return bytes;
}

}  // namespace tocsin::bridge::graphql_ws
