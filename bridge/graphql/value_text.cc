#include "bridge/graphql/value_text.h"

#include "core/event/json_writer.h"

namespace tocsin::bridge::graphql {
namespace {

void Append(std::string& out, const Value& value);

void AppendFields(std::string& out, const Value& object) {
  out += '{';
  for (const ObjectField& field : object.fields) {
    out += &field == &object.fields.front() ? "" : ", ";
    out += field.name.text;
    out += ": ";
    Append(out, field.value);
  }
  out += '}';
}

void AppendItems(std::string& out, const Value& list) {
  out += '[';
  for (const Value& item : list.items) {
    out += &item == &list.items.front() ? "" : ", ";
    Append(out, item);
  }
  out += ']';
}

void Append(std::string& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::kVariable:
      out += '$';
      out += value.text;
      break;
    case Value::Kind::kString:
      AppendJsonString(out, value.string);
      break;
    case Value::Kind::kNull:
      out += "null";
      break;
    case Value::Kind::kList:
      AppendItems(out, value);
      break;
    case Value::Kind::kObject:
      AppendFields(out, value);
      break;
    default:
      out += value.text;
  }
}

}  // namespace

std::string ValueText(const Value& value) {
  std::string text;
  Append(text, value);
  return text;
}

}  // namespace tocsin::bridge::graphql
