// fail_allocation.cc: for LD_PRELOAD: while the file named by FAIL_ALLOCATION is there, no piece of
// memory of about 55,000 bytes can be had. So a test makes a program fail at a text of that length,
// and at nothing else.
#include <unistd.h>

#include <cstdlib>
#include <new>

void* operator new(std::size_t size) {
  static const char* const file = std::getenv("FAIL_ALLOCATION");
  const bool refused =
      size >= 54'500 && size <= 55'500 && file != nullptr && access(file, F_OK) == 0;
  void* const made = refused ? nullptr : std::malloc(size);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}
