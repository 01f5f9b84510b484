// operations.h: the subscriptions of one session, by the client's ids and by the tags that stand
// for them in the engine.
//
// Shape:   an id is free again as soon as its operation has ended, by whichever side: a later
//          operation of the same id has another tag, and what the engine still has for the earlier
//          tag finds no operation and is not sent.
// Threads: one.
// Owns:    the ids.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/graphql_ws/form_table.h"
#include "core/stream/sink.h"

namespace tocsin::bridge::graphql_ws {

struct Operation {
  SubscriptionTag tag = 0;
  bool began = false;                 // its place in the stream is known
  bool quiet = true;                  // it was told nothing since the last heartbeat
  bool replaying = false;             // it reads the log before it is live
  bool resumes_by_extension = false;  // extensions.resumeFrom, not the argument of `events`
  std::string quoted_id;              // as JSON
  FormPtr form;
  // The end of the snapshot, which the client is sent where the subscription begins: whole frames.
  std::unique_ptr<std::string> beginning = nullptr;

  std::string id() const;
};

class Operations {
 public:
  // Null when there is none. Pointers are good until the next Add or Remove.
  Operation* Find(SubscriptionTag tag);
  const Operation* Find(SubscriptionTag tag) const;
  Operation* FindId(std::string_view quoted_id);
  // With a new tag.
  Operation& Add(std::string quoted_id, FormPtr form);
  void Remove(SubscriptionTag tag);
  void Clear();

  std::vector<Operation>& all() { return operations_; }
  const std::vector<Operation>& all() const { return operations_; }
  size_t size() const { return operations_.size(); }
  size_t replaying() const;
  size_t MemoryBytes() const;

 private:
  std::vector<Operation> operations_;  // ordered by tag
  SubscriptionTag next_tag_ = 1;
};

}  // namespace tocsin::bridge::graphql_ws
