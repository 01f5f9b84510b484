// packed_uuid.h: a UUID in 16 bytes, for windows of a million of them and for the disk.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::hub {

using PackedUuid = std::array<char, 16>;  // all zero: none

// Returns nothing when the text is not 8-4-4-4-12 hexadecimal digits; "" packs to all zero.
std::optional<PackedUuid> PackUuid(std::string_view text);
// The canonical text; "" for all zero.
std::string UnpackUuid(const PackedUuid& packed);

}  // namespace tocsin::hub
