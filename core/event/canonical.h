// canonical.h: the content of a message as bytes that are the same wherever and whenever they are
// made, for hashes that are kept or compared with another program's.
//
// Shape:   protobuf's own encoding will not do: its makers say that the same content may have other
//          bytes in another version of it. Here a message is its values, each after the number of
//          its field, in the order of the numbers, and 0 at the end. Values of a repeated field
//          keep their order, entries of a map are sorted. Unknown fields are fields like the
//          others. A value is a number in 8 bytes, little-endian, or one that protobuf keeps in 4
//          in these; a text, after its length; a message; an entry of a map is its key and its
//          value. Field numbers and lengths have 4 bytes.
// Threads: pure.
// Errors:  none. The form must never change: what is hashed of it is in the hub's log.
#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace tocsin {

std::string CanonicalBytes(const google::protobuf::Message& message);

}  // namespace tocsin
