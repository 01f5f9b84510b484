#include "core/event/cursor.h"

namespace tocsin {
}
