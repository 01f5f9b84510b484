#include "core/event/field_path.h"

#include "core/event/text.h"

namespace tocsin {

std::string FieldPath::Text() const {
  std::string text(root_);
  for (const Step& step : steps_) {
    text = step.name.empty() ? IndexPath(text, step.index) : JoinPath(text, step.name);
  }
  return text;
}

}  // namespace tocsin
