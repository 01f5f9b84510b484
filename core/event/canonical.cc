// The fields are read off protobuf's encoding, in whatever order and form it has them: to ask a
// message for each of its fields by reflection takes ten times as long.
#include "core/event/canonical.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "core/base/check.h"
#include "core/event/wire_scanner.h"

namespace tocsin {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

void AppendMessage(std::string& out, std::string_view bytes, const Descriptor& type);

template <typename Number>
void AppendNumber(std::string& out, Number number) {
  static_assert(std::endian::native == std::endian::little);
  char bytes[sizeof(number)];
  std::memcpy(bytes, &number, sizeof(number));
  out.append(bytes, sizeof(bytes));
}

void AppendText(std::string& out, std::string_view text) {
  AppendNumber(out, static_cast<uint32_t>(text.size()));
  out += text;
}

// One value as it stands on the wire. Of a packed field it is all values.
struct Field {
  uint32_t number;
  WireType type;
  uint64_t value;  // of a number
  std::string_view bytes;
};
using Fields = absl::InlinedVector<Field, 32>;

Field FieldAt(const WireScanner& scanner) {
  Field field{scanner.number(), scanner.type(), scanner.varint(), scanner.bytes()};
  if (field.type == WireType::kEightBytes) {
    field.value = scanner.eight_bytes();
  } else if (field.type == WireType::kFourBytes) {
    uint32_t value = 0;
    std::memcpy(&value, scanner.rest().data() - sizeof(value), sizeof(value));
    field.value = value;
  }
  return field;
}

// By their numbers; those of one number as they came.
Fields FieldsOf(std::string_view bytes) {
  Fields fields;
  WireScanner scanner(bytes);
  while (scanner.Next()) {
    fields.push_back(FieldAt(scanner));
  }
  const auto by_number = [](const Field& a, const Field& b) { return a.number < b.number; };
  if (!std::is_sorted(fields.begin(), fields.end(), by_number)) {
    std::stable_sort(fields.begin(), fields.end(), by_number);
  }
  return fields;
}

void AppendEntry(std::string& out, std::string_view bytes, const Descriptor& type) {
  std::string_view key;
  std::string_view value;
  TOCSIN_CHECK(type.map_key()->type() == FieldDescriptor::TYPE_STRING);
  TOCSIN_CHECK(type.map_value()->type() == FieldDescriptor::TYPE_STRING);
  ScanEntry(bytes, key, value);
  AppendText(out, key);
  AppendText(out, value);
}

// All entries of a map, beginning with `field`; returns the last of them.
const Field* AppendMap(std::string& out, const Field* field, const Field* end,
                       const Descriptor& type) {
  std::vector<std::string> entries;
  const uint32_t number = field->number;
  for (; field != end && field->number == number; ++field) {
    AppendNumber(entries.emplace_back(), number);
    AppendEntry(entries.back(), field->bytes, type);
  }
  std::sort(entries.begin(), entries.end());
  for (const std::string& entry : entries) {
    out += entry;
  }
  return field - 1;
}

// Each value as if it had come by itself.
void AppendPacked(std::string& out, const Field& field) {
  const char* at = field.bytes.data();
  const char* const end = at + field.bytes.size();
  uint64_t value = 0;
  while (at != end && WireScanner::TakeVarint(at, end, value)) {
    AppendNumber(out, field.number);
    AppendNumber(out, value);
  }
}

void AppendValue(std::string& out, const Field& field, const FieldDescriptor* known) {
  AppendNumber(out, field.number);
  if (field.type == WireType::kFourBytes) {
    AppendNumber(out, static_cast<uint32_t>(field.value));
  } else if (field.type != WireType::kBytes) {
    AppendNumber(out, field.value);
  } else if (known != nullptr && known->type() == FieldDescriptor::TYPE_MESSAGE) {
    AppendMessage(out, field.bytes, *known->message_type());
  } else {
    AppendText(out, field.bytes);
  }
}

void AppendMessage(std::string& out, std::string_view bytes, const Descriptor& type) {
  const Fields fields = FieldsOf(bytes);
  const Field* const end = fields.data() + fields.size();
  for (const Field* field = fields.data(); field != end; ++field) {
    const FieldDescriptor* const known = type.FindFieldByNumber(static_cast<int>(field->number));
    if (known != nullptr && known->is_map()) {
      field = AppendMap(out, field, end, *known->message_type());
    } else if (known != nullptr && known->is_packable() && field->type == WireType::kBytes) {
      AppendPacked(out, *field);
    } else {
      AppendValue(out, *field, known);
    }
  }
  AppendNumber(out, uint32_t{0});
}

}  // namespace

std::string CanonicalBytes(const google::protobuf::Message& message) {
  const std::string bytes = message.SerializeAsString();
  std::string out;
  out.reserve(2 * bytes.size());
  AppendMessage(out, bytes, *message.GetDescriptor());
  return out;
}

}  // namespace tocsin
