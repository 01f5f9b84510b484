// json_object.h: writes the entries of one JSON object, in order. Inside core/event; others use
// json_writer.h.
//
// Shape:   appends to a string that outlives it; End() closes the object.
// Threads: one.
#pragma once

#include <google/protobuf/map.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "core/event/json_writer.h"
#include "core/event/names.h"
#include "core/event/time_proto.h"

namespace tocsin {

class ObjectWriter {
 public:
  using TextMap = google::protobuf::Map<std::string, std::string>;

  explicit ObjectWriter(std::string& out) : out_(out) { out_.push_back('{'); }
  void End() { out_.push_back('}'); }

  // Names are plain: nothing in them needs escaping.
  std::string& Key(std::string_view name) {
    out_.append(first_ ? "\"" : ",\"").append(name).append("\":");
    first_ = false;
    return out_;
  }

  void Text(std::string_view name, std::string_view text) { AppendJsonString(Key(name), text); }
  void TextIfAny(std::string_view name, std::string_view text) {
    if (!text.empty()) {
      Text(name, text);
    }
  }
  void Bool(std::string_view name, bool value) { Key(name).append(value ? "true" : "false"); }
  void Integer(std::string_view name, uint64_t number) {
    char buffer[24];
    const auto result = std::to_chars(std::begin(buffer), std::end(buffer), number);
    Key(name).append(buffer, result.ptr);
  }

  template <typename Enum>
  void Name(std::string_view name, Enum value) {
    const std::string_view text = NameOf(value);
    if (text.empty()) {
      Key(name).append("null");
      return;
    }
    Key(name).append("\"").append(text).append("\"");
  }

  void Time(std::string_view name, bool given, const google::protobuf::Timestamp& time) {
    if (!given) {
      Key(name).append("null");
      return;
    }
    AppendJsonTime(Key(name).append("\""), ToTime(time));
    out_.push_back('"');
  }

  void Texts(std::string_view name, const google::protobuf::RepeatedPtrField<std::string>& texts) {
    List(name, texts,
         [](std::string& out, const std::string& text) { AppendJsonString(out, text); });
  }

  template <typename Items, typename Append>
  void List(std::string_view name, const Items& items, Append append) {
    Key(name).push_back('[');
    bool first = true;
    for (const auto& item : items) {
      if (!std::exchange(first, false)) {
        out_.push_back(',');
      }
      append(out_, item);
    }
    out_.push_back(']');
  }

  void Map(std::string_view name, const TextMap& map) {
    absl::InlinedVector<const TextMap::value_type*, 16> entries;
    for (const auto& entry : map) {
      entries.push_back(&entry);
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto* a, const auto* b) { return a->first < b->first; });
    Key(name).push_back('{');
    for (const auto* entry : entries) {
      if (entry != entries.front()) {
        out_.push_back(',');
      }
      AppendJsonString(out_, entry->first);
      out_.push_back(':');
      AppendJsonString(out_, entry->second);
    }
    out_.push_back('}');
  }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace tocsin
