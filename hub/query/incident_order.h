// incident_order.h: the orders in which incidents are listed, and places in them.
//
// Shape:   a key is unique, because the id is a part of it. In a list's own direction the greater
//          key comes first: the last updated, the last created, the worst; of one severity the last
//          updated.
// Threads: values.
#pragma once

#include <compare>
#include <cstdint>
#include <cstring>

#include "hub/log/packed_uuid.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

struct IncidentOrdering {
  v1::IncidentOrder by = v1::INCIDENT_ORDER_UPDATED_AT;  // not UNSPECIFIED
  bool ascending = false;                                // the other way round

  // In either direction the greater rank comes first.
  int64_t Rank(int64_t value) const { return ascending ? ~value : value; }
  friend bool operator==(const IncidentOrdering&, const IncidentOrdering&) = default;
};

struct IncidentOrderKey {
  int64_t first = 0;
  int64_t second = 0;
  PackedUuid id{};

  friend bool operator==(const IncidentOrderKey&, const IncidentOrderKey&) = default;
  // Ids compare as their texts do.
  friend std::strong_ordering operator<=>(const IncidentOrderKey& a, const IncidentOrderKey& b) {
    if (a.first != b.first) {
      return a.first <=> b.first;
    }
    return a.second != b.second ? a.second <=> b.second
                                : std::memcmp(a.id.data(), b.id.data(), a.id.size()) <=> 0;
  }
};

// The worst is the greatest; an incident without severity counts as milder than P4.
inline int64_t SeverityRank(v1::Severity severity) {
  return severity == v1::SEVERITY_UNSPECIFIED ? -int64_t{v1::Severity_ARRAYSIZE}
                                              : -int64_t{severity};
}

}  // namespace tocsin::hub
