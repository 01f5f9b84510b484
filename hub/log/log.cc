#include "hub/log/log.h"

namespace tocsin::hub {

Cursor CursorAt(const std::vector<EpochStart>& epochs, Sequence sequence) {
  Cursor cursor{epochs.empty() ? 0 : epochs.front().epoch, sequence};
  for (const EpochStart& start : epochs) {
    if (start.first > sequence) {
      break;
    }
    cursor.epoch = start.epoch;
  }
  return cursor;
}

}  // namespace tocsin::hub
