// form_table.h: what the operations of one worker tell, each kind once: operations that tell the
// same of every event share a form.
//
// Shape:   a thousand clients with one operation hold one plan between them, and what is rendered
//          for one serves the others, known by the form's number.
// Threads: a worker's.
// Owns:    nothing: a form lives as long as an operation has it. The table outlives its forms.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "bridge/graphql/subscription.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql_ws {

struct Form {
  uint64_t number = 0;  // no two forms of a worker have the same, at whatever time
  std::shared_ptr<const graphql::Subscription> tells;
};
using FormPtr = std::shared_ptr<const Form>;

class FormTable {
 public:
  // The form of a subscription: the one that is there already, or a new one that tells by this.
  FormPtr Of(std::shared_ptr<const graphql::Subscription> planned);

  size_t size() const { return forms_.size(); }

 private:
  // The keys are the forms' own texts.
  absl::flat_hash_map<std::string_view, std::weak_ptr<const Form>, StringHash, StringEq> forms_;
  uint64_t next_number_ = 1;
};

}  // namespace tocsin::bridge::graphql_ws
