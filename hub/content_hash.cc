#include "hub/content_hash.h"

#include "core/base/xxh64.h"
#include "core/event/canonical.h"

namespace tocsin::hub {
namespace {

template <typename Message>
Content HashOf(const Message& message) {
  Content content{.bytes = message.ByteSizeLong()};
  if (!message.id().empty()) {
    content.hash = Xxh64(CanonicalBytes(message));
  }
  return content;
}

}  // namespace

Content ContentOf(const v1::Event& event) { return HashOf(event); }

Content ContentOf(const v1::Alert& alert) { return HashOf(alert); }

}  // namespace tocsin::hub
