// Precompiled for core/ and the hub's engine: what nearly every file of theirs includes. Sources and
// headers include what they use all the same; the dev build has no precompiled headers and notices.
// Whoever changes a comment here changes a number of lines as well: ccache takes files that differ
// by comments alone for the same, but Clang looks at the size of what was precompiled.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tocsin/v1/event.pb.h"
#include "tocsin/v1/hub.pb.h"
#include "tocsin/v1/incident.pb.h"
