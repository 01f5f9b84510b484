#include "bridge/graphql/object_fields.h"

#include <map>
#include <utility>

namespace tocsin::bridge::graphql {
namespace {

using Readers = std::map<std::pair<std::string_view, std::string_view>, ReadField>;

const Readers& AllReaders() {
  static const Readers* const readers = [] {
    auto* const all = new Readers();
    for (const ObjectFields& object : AllObjects()) {
      for (const FieldReader& reader : object.readers) {
        all->emplace(std::pair(object.type, reader.name), reader.read);
      }
    }
    return all;
  }();
  return *readers;
}

}  // namespace

std::vector<ObjectFields> AllObjects() {
  std::vector<ObjectFields> all;
  for (const auto& objects : {IncidentObjects(), EventObjects(), UpdateObjects(), AnswerObjects(),
                              IntrospectionObjects()}) {
    all.insert(all.end(), objects.begin(), objects.end());
  }
  return all;
}

ReadField FindReader(std::string_view type, std::string_view field) {
  const auto found = AllReaders().find({type, field});
  return found == AllReaders().end() ? nullptr : found->second;
}

}  // namespace tocsin::bridge::graphql
