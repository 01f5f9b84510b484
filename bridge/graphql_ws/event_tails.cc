// A compressed `next` is two blocks of DEFLATE. The first holds the head with the client's id as it
// is: a stored block, which begins and ends on a byte's border. The second is the tail, compressed
// by itself, so that it refers to nothing before it, and is the same for every id.
#include "bridge/graphql_ws/event_tails.h"

#include "absl/hash/hash.h"
#include "bridge/event_json.h"
#include "bridge/graphql_ws/server_message.h"

namespace tocsin::bridge::graphql_ws {
namespace {

// A block's type and padding, its length, and the length's complement.
constexpr size_t kStoredHeaderBytes = 5;

void AppendLittleEndian16(std::string& out, size_t value) {
  out += static_cast<char>(value & 0xff);
  out += static_cast<char>((value >> 8) & 0xff);
}

void AppendStoredHeader(std::string& out, size_t bytes) {
  out += '\0';  // not the last block, stored
  AppendLittleEndian16(out, bytes);
  AppendLittleEndian16(out, ~bytes);
}

}  // namespace

const EventTails::Tail& EventTails::Of(const Form& form, const Item& item) {
  if (bytes_ > kKeptBytes) {
    Forget();
  }
  // With the same form, consecutive events never share a place in the table.
  Kept& kept = kept_[(absl::HashOf(form.number, item.kind) + item.cursor.sequence) % kKeptTails];
  if (kept.form != form.number || kept.cursor != item.cursor || kept.kind != item.kind) {
    Make(kept, form, item);
  }
  return kept.tail;
}

void EventTails::Make(Kept& kept, const Form& form, const Item& item) {
  bytes_ -= kept.tail.bytes.capacity();
  kept.form = 0;  // nobody's, should what follows throw
  kept.tail.bytes.clear();
  kept.tail.deflated = ws::Deflated::kNo;
  Render(kept.tail.bytes, form, item);
  if (deflater_ != nullptr) {
    Deflate(kept.tail);
  }
  kept.form = form.number;
  kept.cursor = item.cursor;
  kept.kind = item.kind;
  bytes_ += kept.tail.bytes.capacity();
  ++made_;
}

void EventTails::Render(std::string& out, const Form& form, const Item& item) {
  const v1::Event* const event = messages_.Of(*item.event);
  if (event == nullptr) {
    return AppendGapTail(out, DamagedGap(item.cursor));
  }
  if (item.kind != Item::Kind::kEvent) {
    form.tells->TellLeft(out, *event, /*seen=*/item.kind == Item::Kind::kLeft);
  } else if (!form.tells->Tell(out, *event)) {
    return;
  }
  EndNextAt(out, item.cursor);
}

void EventTails::Deflate(Tail& tail) {
  if (tail.bytes.size() < ws::kDeflateFrom) {
    return;
  }
  deflated_.clear();
  deflater_->Append(deflated_, tail.bytes, "");
  if (deflated_.size() + kStoredHeaderBytes < tail.bytes.size()) {
    tail.bytes = deflated_;
    tail.deflated = ws::Deflated::kYes;
  }
}

void EventTails::Forget() {
  for (Kept& kept : kept_) {
    kept = Kept();
  }
  std::string().swap(deflated_);
  bytes_ = 0;
}

void AppendNext(std::string& out, std::string_view quoted_id, std::string_view tail,
                ws::Deflated deflated) {
  const size_t head = kIdHead.size() + quoted_id.size() + kNextHead.size();
  const size_t stored = deflated == ws::Deflated::kYes ? kStoredHeaderBytes : 0;
  ws::AppendFrameHeader(out, ws::Opcode::kText, stored + head + tail.size(), deflated);
  if (stored != 0) {
    AppendStoredHeader(out, head);
  }
  out += kIdHead;
  out += quoted_id;
  out += kNextHead;
  out += tail;
}

void OverwriteIds(std::string& frames, std::string_view quoted_id) {
  for (size_t at = 0; at < frames.size();) {
    const ws::FrameShape frame = ws::ShapeOf(std::string_view(frames).substr(at));
    const size_t stored = frame.deflated == ws::Deflated::kYes ? kStoredHeaderBytes : 0;
    const size_t id = at + frame.header_bytes + stored + kIdHead.size();
    quoted_id.copy(frames.data() + id, quoted_id.size());
    at += frame.header_bytes + frame.payload_bytes;
  }
}

}  // namespace tocsin::bridge::graphql_ws
