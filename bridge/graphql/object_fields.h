// object_fields.h: the tables of all object types of the schema but the roots: which message stands
// for an object, and how each of its fields is read off it.
//
// Shape:   one table a type; a test checks them against the schema, both ways.
// Threads: constants.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "bridge/graphql/field_reader.h"

namespace tocsin::bridge::graphql {

// By what stands for them.
std::span<const ObjectFields> IncidentObjects();       // v1::Incident and what is within it
std::span<const ObjectFields> EventObjects();          // v1::Event, v1::Alert
std::span<const ObjectFields> UpdateObjects();         // incident_update.h
std::span<const ObjectFields> AnswerObjects();         // answers.h
std::span<const ObjectFields> IntrospectionObjects();  // introspection.h

// All of these.
std::vector<ObjectFields> AllObjects();
// Null for a field of a root type.
ReadField FindReader(std::string_view type, std::string_view field);

}  // namespace tocsin::bridge::graphql
