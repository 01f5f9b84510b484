// version.h: the version of this program.
#pragma once

#include <string_view>

namespace tocsin {

// "0.1.0": the version of the CMake project.
std::string_view Version();

}  // namespace tocsin
