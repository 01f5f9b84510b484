#include "bridge/graphql_ws/requests_under_way.h"

#include <algorithm>
#include <utility>

namespace tocsin::bridge::graphql_ws {

bool RequestsUnderWay::Has(std::string_view quoted_id) const {
  return std::any_of(requests_.begin(), requests_.end(),
                     [&](const Request& each) { return each.quoted_id == quoted_id; });
}

std::function<void(std::string)> RequestsUnderWay::Add(Shard& shard, std::string quoted_id,
                                                       std::function<void(std::string)> deliver) {
  ShardEnd<std::string> end(shard,
                            [this, quoted_id, deliver = std::move(deliver)](std::string result) {
                              Remove(quoted_id);
                              deliver(std::move(result));
                            });
  auto answer = end.Answer();
  requests_.push_back({std::move(quoted_id), std::move(end)});
  return answer;
}

bool RequestsUnderWay::Remove(std::string_view quoted_id) {
  const auto found = std::find_if(requests_.begin(), requests_.end(),
                                  [&](const Request& each) { return each.quoted_id == quoted_id; });
  if (found == requests_.end()) {
    return false;
  }
  found->end.Close();
  requests_.erase(found);
  return true;
}

void RequestsUnderWay::Clear() {
  for (Request& each : requests_) {
    each.end.Close();
  }
  std::vector<Request>().swap(requests_);
}

}  // namespace tocsin::bridge::graphql_ws
