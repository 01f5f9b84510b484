// planted.h: bugs that the tests plant, to see that they can fail (scripts/planted).
//
// Shape:   Planted("no-sync") is true where the option TOCSIN_PLANTED was on when this was built and
//          the environment's TOCSIN_PLANT is "no-sync". Without the option, as in every release, it
//          is false before the compiler is done, and neither the bug nor its name is in the program.
//          Each bug is one line of product code, and one line of tests/planted/plants.txt.
// Threads: any.
#pragma once

#include <cstdlib>
#include <string_view>

#include "planted_option.h"  // of the build: build/<preset>/gen

namespace tocsin {

#if TOCSIN_PLANTED
inline bool Planted(std::string_view bug) {
  static const char* const planted = std::getenv("TOCSIN_PLANT");
  return planted != nullptr && bug == planted;
}
#else
consteval bool Planted(std::string_view) { return false; }
#endif

}  // namespace tocsin
