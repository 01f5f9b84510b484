#include "core/event/json_schema.h"

#include <google/protobuf/timestamp.pb.h>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "core/base/check.h"
#include "core/event/json_plan.h"
#include "core/event/limits.h"
#include "core/event/names.h"

namespace tocsin {
namespace {

namespace json = boost::json;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

json::string_view Text(std::string_view text) { return {text.data(), text.size()}; }

json::object ListOf(json::object item) { return {{"type", "array"}, {"items", std::move(item)}}; }

json::object MapOfTexts() {
  return {{"type", "object"}, {"additionalProperties", json::object{{"type", "string"}}}};
}

// A value of that schema, or null.
json::object OrNull(json::object schema) {
  json::value& type = schema.at("type");
  type = json::array{type, "null"};
  if (json::value* const names = schema.if_contains("enum")) {
    names->as_array().emplace_back(nullptr);
  }
  return schema;
}

// ---- as it is written ----

json::object SchemaOf(const JsonPlan& plan);

json::object EnumSchema(std::string_view (*name_of)(int)) {
  json::array names;
  for (int number = 1; !name_of(number).empty(); ++number) {
    names.emplace_back(Text(name_of(number)));
  }
  return {{"type", "string"}, {"enum", std::move(names)}};
}

json::object ValueSchema(const JsonField& field) {
  switch (field.kind) {
    case JsonKind::kText:
      return {{"type", "string"}};
    case JsonKind::kBool:
      return {{"type", "boolean"}};
    case JsonKind::kNumber:
    case JsonKind::kNumber32:
      return {{"type", "integer"}, {"minimum", 0}};
    case JsonKind::kDouble:
      return OrNull({{"type", "number"}});
    case JsonKind::kEnum:
      return field.when == JsonWhen::kAlways ? OrNull(EnumSchema(field.enum_name))
                                             : EnumSchema(field.enum_name);
    case JsonKind::kTime: {
      json::object time{{"type", "string"}, {"format", "date-time"}};
      return field.when == JsonWhen::kAlways ? OrNull(std::move(time)) : time;
    }
    case JsonKind::kMessage:
      return SchemaOf(*field.plan);
    case JsonKind::kTexts:
      return ListOf({{"type", "string"}});
    case JsonKind::kEnums:
      return ListOf(EnumSchema(field.enum_name));
    case JsonKind::kMessages:
      return ListOf(SchemaOf(*field.plan));
    case JsonKind::kMap:
      return MapOfTexts();
    case JsonKind::kMembers:
    case JsonKind::kFields:
      break;
  }
  TOCSIN_CHECK(false);
}

// Of a oneof's member the fields are there when the member is.
void AddProperties(const JsonPlan& plan, bool may_be_required, json::object& properties,
                   json::array& required) {
  for (const JsonField& field : plan.fields) {
    if (field.kind == JsonKind::kMembers || field.kind == JsonKind::kFields) {
      AddProperties(*field.plan, may_be_required && field.kind == JsonKind::kFields, properties,
                    required);
      continue;
    }
    properties.emplace(Text(field.name()), ValueSchema(field));
    if (may_be_required && field.when == JsonWhen::kAlways) {
      required.emplace_back(Text(field.name()));
    }
  }
}

json::object SchemaOf(const JsonPlan& plan) {
  json::object properties;
  json::array required;
  AddProperties(plan, true, properties, required);
  json::object schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) {
    schema.emplace("required", std::move(required));
  }
  return schema;
}

// ---- as it is read ----

// What validate.h asks of texts, by the name of their field.
void AddBounds(const FieldDescriptor& field, json::object& schema) {
  struct Bounds {
    std::string_view name;
    size_t least;
    size_t most;
  };
  constexpr Bounds kBounds[] = {{"source", 1, limits::kSourceChars},
                                {"title", 1, limits::kTitleChars},
                                {"comment", 1, limits::kEventBytes},
                                {"fingerprint", 1, limits::kFingerprintChars}};
  for (const Bounds& bounds : kBounds) {
    if (field.name() == bounds.name) {
      schema["minLength"] = bounds.least;
      schema["maxLength"] = bounds.most;
    }
  }
  for (const char* name : {"id", "active_playbook", "parent_alert_id", "related_incidents"}) {
    if (field.name() == name) {
      schema["format"] = "uuid";
    }
  }
}

json::object SingleSchema(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return {{"type", "boolean"}};
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return {{"type", "number"}};
    case FieldDescriptor::CPPTYPE_ENUM: {
      json::array names;
      for (const std::string& name : EnumNames(*field.enum_type())) {
        names.emplace_back(Text(name));
      }
      return {{"type", "string"}, {"enum", std::move(names)}};
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Descriptor& type = *field.message_type();
      if (&type == google::protobuf::Timestamp::descriptor()) {
        return {{"type", "string"}, {"format", "date-time"}};
      }
      json::object properties;
      for (int i = 0; i < type.field_count(); ++i) {
        properties.emplace(Text(type.field(i)->name()), FieldSchema(*type.field(i)));
      }
      return {{"type", "object"},
              {"properties", std::move(properties)},
              {"additionalProperties", false}};
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      json::object text{{"type", "string"}};
      AddBounds(field, text);
      return text;
    }
    default:
      return {{"type", "integer"}, {"minimum", 0}, {"maximum", 4'294'967'295}};
  }
}

// A part of a field that a merge patch may take away alone.
json::object PatchFieldSchema(const FieldDescriptor& field) {
  json::object schema = FieldSchema(field);
  if (field.is_map()) {
    schema["additionalProperties"] = OrNull({{"type", "string"}});
  } else if (json::value* const properties = schema.if_contains("properties")) {
    for (auto& entry : properties->as_object()) {
      entry.value() = OrNull(entry.value().as_object());
    }
  }
  return OrNull(std::move(schema));
}

json::object ObjectOf(json::object properties) {
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

}  // namespace

json::object EventSchema() { return SchemaOf(kJsonEvent); }
json::object IncidentSchema() { return SchemaOf(kJsonIncident); }
json::object AlertSchema() { return SchemaOf(kJsonAlert); }

json::object FieldSchema(const FieldDescriptor& field) {
  if (field.is_map()) {
    return MapOfTexts();
  }
  return field.is_repeated() ? ListOf(SingleSchema(field)) : SingleSchema(field);
}

json::object InputSchema(const Descriptor& type, std::span<const std::string_view> names,
                         std::span<const std::string_view> required) {
  json::object properties;
  for (const std::string_view name : names) {
    properties.emplace(Text(name), FieldSchema(*type.FindFieldByName(std::string(name))));
  }
  json::object schema = ObjectOf(std::move(properties));
  json::array needed;
  for (const std::string_view name : required) {
    needed.emplace_back(Text(name));
  }
  if (!needed.empty()) {
    schema.emplace("required", std::move(needed));
  }
  return schema;
}

json::object PatchSchema(const Descriptor& type, std::span<const std::string_view> names) {
  json::object properties;
  for (const std::string_view name : names) {
    properties.emplace(Text(name), PatchFieldSchema(*type.FindFieldByName(std::string(name))));
  }
  return ObjectOf(std::move(properties));
}

}  // namespace tocsin
