#include "core/base/descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace tocsin {
namespace {

size_t DescriptorLimit() {
  rlimit limit{};
  const bool known = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return known ? limit.rlim_cur : std::numeric_limits<int>::max();
}

}  // namespace

size_t OtherDescriptors() { return std::min(kOtherDescriptors, DescriptorLimit() / 2); }

size_t ConnectionDescriptors() { return DescriptorLimit() - OtherDescriptors(); }

}  // namespace tocsin
