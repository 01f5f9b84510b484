// descriptors.h: how the process's file descriptors are shared out between connections and all else.
//
// Shape:   the system gives a new descriptor the lowest free number. So a connection whose number is
//          not below ConnectionDescriptors() is one too many, and nobody has to count.
// Threads: any. The limit is read each time: it may be raised at the start.
// Errors:  none.
#pragma once

#include <cstddef>

namespace tocsin {

// What connections leave alone: the store's table files (half of it), the operations port (a
// quarter), the store's other files, the link to the hub. Half of all descriptors, where there are
// few.
inline constexpr size_t kOtherDescriptors = 512;

size_t OtherDescriptors();
// The number that every connection's descriptor is below.
size_t ConnectionDescriptors();

}  // namespace tocsin
