#include "bridge/graphql_ws/next_frames.h"

namespace tocsin::bridge::graphql_ws {

NextFrames::Frames NextFrames::Of(const WriteView& view, const Form& form,
                                  std::string_view quoted_id) {
  Kept& kept = PlaceFor(view, form, quoted_id.size());
  if (kept.run == view.run) {
    OverwriteIds(kept.bytes, quoted_id);
  } else {
    Make(kept, view, form, quoted_id);
  }
  return {kept.bytes, kept.count};
}

NextFrames::Kept& NextFrames::PlaceFor(const WriteView& view, const Form& form, size_t id_bytes) {
  for (Kept& kept : kept_) {
    if (kept.run == view.run && kept.form == form.number && kept.id_bytes == id_bytes) {
      return kept;
    }
  }
  Kept& oldest = kept_[next_++ % kKept];
  oldest.run = 0;  // nobody's, should what follows throw
  return oldest;
}

void NextFrames::Make(Kept& kept, const WriteView& view, const Form& form,
                      std::string_view quoted_id) {
  kept.bytes.clear();
  kept.count = 0;
  for (const Item& item : view.items) {
    const EventTails::Tail& tail = tails_.Of(form, item);
    if (!tail.bytes.empty()) {
      AppendNext(kept.bytes, quoted_id, tail.bytes, tail.deflated);
      ++kept.count;
    }
  }
  kept.run = view.run;
  kept.form = form.number;
  kept.id_bytes = quoted_id.size();
}

void NextFrames::Release() {
  for (Kept& kept : kept_) {
    if (kept.bytes.capacity() > RenderedBatch::kKeptBytes) {
      std::string().swap(kept.bytes);
      kept.run = 0;
    }
  }
}

}  // namespace tocsin::bridge::graphql_ws
