// json_object.h: writes the entries of one JSON object, in order. Inside core/event; others use
// json_writer.h.
//
// Shape:   appends to a JsonOut that outlives it; End() closes the object.
// Threads: one.
#pragma once

#include <google/protobuf/map.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "core/event/json_out.h"
#include "core/event/names.h"
#include "core/event/time_proto.h"

namespace tocsin {

class ObjectWriter {
 public:
  using TextMap = google::protobuf::Map<std::string, std::string>;

  explicit ObjectWriter(JsonOut& out) : out_(out) { out_.Char('{'); }
  void End() { out_.Char('}'); }

  // Names are literals: nothing in them needs escaping.
  template <size_t N>
  JsonOut& Key(const char (&name)[N]) {
    out_.Key(name, first_);
    first_ = false;
    return out_;
  }

  template <size_t N>
  void Text(const char (&name)[N], std::string_view text) {
    Key(name).Text(text);
  }
  template <size_t N>
  void TextIfAny(const char (&name)[N], std::string_view text) {
    if (!text.empty()) {
      Text(name, text);
    }
  }
  template <size_t N>
  void Bool(const char (&name)[N], bool value) {
    Key(name).Raw(value ? "true" : "false");
  }
  template <size_t N>
  void Integer(const char (&name)[N], uint64_t number) {
    Key(name).Number(number);
  }

  template <size_t N, typename Enum>
  void Name(const char (&name)[N], Enum value) {
    AppendName(Key(name), NameOf(value));
  }

  template <size_t N>
  void Time(const char (&name)[N], bool given, const google::protobuf::Timestamp& time) {
    Key(name);
    if (!given) {
      return out_.Literal("null");
    }
    out_.Char('"');
    out_.Time(ToTime(time));
    out_.Char('"');
  }

  template <size_t N>
  void Texts(const char (&name)[N], const google::protobuf::RepeatedPtrField<std::string>& texts) {
    List(name, texts, [](JsonOut& out, const std::string& text) { out.Text(text); });
  }

  template <size_t N, typename Items, typename Append>
  void List(const char (&name)[N], const Items& items, Append append) {
    Key(name).Char('[');
    bool first = true;
    for (const auto& item : items) {
      if (!std::exchange(first, false)) {
        out_.Char(',');
      }
      append(out_, item);
    }
    out_.Char(']');
  }

  template <size_t N>
  void Map(const char (&name)[N], const TextMap& map) {
    AppendMap(Key(name), map);
  }

 private:
  static void AppendName(JsonOut& out, std::string_view name) {
    if (name.empty()) {
      return out.Literal("null");
    }
    out.Char('"');
    out.Raw(name);
    out.Char('"');
  }

  static void AppendMap(JsonOut& out, const TextMap& map) {
    absl::InlinedVector<const TextMap::value_type*, 16> entries;
    for (const auto& entry : map) {
      entries.push_back(&entry);
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto* a, const auto* b) { return a->first < b->first; });
    out.Char('{');
    for (const auto* entry : entries) {
      if (entry != entries.front()) {
        out.Char(',');
      }
      out.Text(entry->first);
      out.Char(':');
      out.Text(entry->second);
    }
    out.Char('}');
  }

  JsonOut& out_;
  bool first_ = true;
};

}  // namespace tocsin
