// check.h: CHECK, for what can only be false when the program is wrong. Not for input.
#pragma once

#include <cstdio>
#include <cstdlib>

#define TOCSIN_CHECK(condition)                                                               \
  do {                                                                                        \
    if (!(condition)) [[unlikely]] {                                                          \
      std::fprintf(stderr, "%s:%d: bug: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                           \
    }                                                                                         \
  } while (false)
