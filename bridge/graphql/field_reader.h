// field_reader.h: how a field of the schema is read off the message, or table, that stands for its
// object.
//
// Shape:   a row of a table: the field's name, and a function that writes its value. Reads
//          (result_writer.h) makes one.
// Threads: constants.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tocsin::bridge::graphql {

class ResultWriter;
struct PlannedField;

enum class Outcome : uint8_t {
  kWritten,
  kNull,    // nothing was written
  kFailed,  // null where the type forbids it: told as an error already, and nothing counts that was
            // written
};

// `source` is of the type that stands for the field's object.
using ReadField = Outcome (*)(ResultWriter& writer, const PlannedField& field, const void* source);

struct FieldReader {
  std::string_view name;
  ReadField read;
};

// The readers of one object type.
struct ObjectFields {
  std::string_view type;
  std::span<const FieldReader> readers;
};

}  // namespace tocsin::bridge::graphql
