// xxh64.h: XXH64 with seed 0, a 64-bit hash that is specified outside this project.
//
// Shape:   for hashes that are kept, or compared by other programs: it is the same with every
//          build, machine and run. It is no protection against who looks for a collision.
// Threads: pure.
// Source:  the xxHash specification, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
#pragma once

#include <cstdint>
#include <string_view>

namespace tocsin {

uint64_t Xxh64(std::string_view bytes);

}  // namespace tocsin
