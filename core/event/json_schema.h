// json_schema.h: the JSON of events, incidents, alerts and filters as JSON Schemas, made from the
// tables by which they are written (json_plan.h) and the schema by which they are read.
//
// Threads: pure.
// Source:  JSON Schema 2020-12, as OpenAPI 3.1 takes it.
#pragma once

#include <google/protobuf/descriptor.h>

#include <boost/json/object.hpp>
#include <span>
#include <string_view>

namespace tocsin {

// As they are written: what the contract promises is required.
boost::json::object EventSchema();
boost::json::object IncidentSchema();
boost::json::object AlertSchema();

// As they are read: the named fields of a message, and no others.
boost::json::object InputSchema(const google::protobuf::Descriptor& type,
                                std::span<const std::string_view> names,
                                std::span<const std::string_view> required);
// The same for a merge patch: nothing is required, and null takes a field away.
boost::json::object PatchSchema(const google::protobuf::Descriptor& type,
                                std::span<const std::string_view> names);
// Of one field of a message, as it is read.
boost::json::object FieldSchema(const google::protobuf::FieldDescriptor& field);

}  // namespace tocsin
