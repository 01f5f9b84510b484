// advice.h: what could be better about settings that are valid: for --check-config and for the log of a start.
//
// Shape:   a sentence each, which names the setting, says what can happen and what to do.
// Threads: pure, but for the look at the files.
// Source:  docs/security.md, "Going on a network".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

using Advice = std::vector<std::string>;

// The file holds a secret: nobody but its owner should read it. A file that is not there is another
// check's matter.
void AdviseOnSecretFile(std::string_view setting, const std::string& path, Advice& advice);

}  // namespace tocsin
