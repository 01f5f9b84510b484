#include "bridge/graphql_ws/form_table.h"

#include <utility>

namespace tocsin::bridge::graphql_ws {

FormPtr FormTable::Of(std::shared_ptr<const graphql::Subscription> planned) {
  const std::string_view text = planned->form();
  if (const auto found = forms_.find(text); found != forms_.end()) {
    return found->second.lock();
  }
  FormPtr form(new Form{next_number_++, std::move(planned)}, [this](const Form* last) {
    forms_.erase(last->tells->form());
    delete last;
  });
  forms_.emplace(form->tells->form(), form);
  return form;
}

}  // namespace tocsin::bridge::graphql_ws
