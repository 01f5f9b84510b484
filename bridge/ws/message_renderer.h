// message_renderer.h: turns what the engine writes to a session into frames.
//
// Shape:   events are rendered once for all sessions of a worker that receive them with the same
//          subscription ids; everything else is rendered for this session alone.
// Threads: a worker's.
// Owns:    nothing; names and context outlive it.
// Errors:  in the place of a damaged event a gap is rendered.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bridge/ws/session_context.h"
#include "bridge/ws/subscription_names.h"
#include "core/stream/sink.h"

namespace tocsin::bridge::ws {

// Why a session asked the shard for a bookmark: for its own heartbeat, to answer a client's ping, or
// to tell in its place in the stream that a token has been taken.
enum class BookmarkKind : uint8_t {
  kUnasked = 0,  // by the engine itself
  kHeartbeat,
  kPing,           // the note is the ping's `timestamp`
  kAuthenticated,  // the note is when the token expires, as JSON; here and below
  kPermissionChanged,
};
BookmarkKind KindOf(const Item& bookmark);

class MessageRenderer {
 public:
  MessageRenderer(SessionContext& context, SubscriptionNames& names)
      : context_(context), names_(names) {}

  // Events are compressed from here on.
  void Deflate() { deflate_ = true; }
  // The frames of the whole view. Valid until Release.
  std::string_view Render(const WriteView& view);
  // The output has taken the frames.
  void Release() { batch().Release(); }

 private:
  RenderedBatch& batch() { return deflate_ ? context_.compression->rendered : context_.rendered; }
  void RenderItem(const WriteView& view, const Item& item, std::string& out);
  void AppendFrame(const Item& item, std::string_view head, const std::string& tail,
                   std::string& out);
  // An event, or what leaves by it.
  void RenderEvent(std::span<const SubscriptionTag> tags, const Item& item, std::string& out);
  void RenderUnseen(std::span<const SubscriptionTag> tags, const Item& item, std::string& out);
  void RenderOfOne(SubscriptionTag tag, const std::string& id, const Item& item, std::string& out);
  void RenderBookmark(const Item& item, std::string& out);
  void RenderPong(const Item& item, std::string& out);

  SessionContext& context_;
  SubscriptionNames& names_;
  bool deflate_ = false;
};

}  // namespace tocsin::bridge::ws
