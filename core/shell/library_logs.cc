#include "core/shell/library_logs.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include "core/base/log.h"

namespace tocsin {

void QuietLibraries() {
  google::protobuf::SetLogHandler(nullptr);
  gpr_set_log_function([](gpr_log_func_args* line) {
    if (line->severity == GPR_LOG_SEVERITY_ERROR) {
      LogDebug("grpc", {{"message", line->message}});
    }
  });
}

}  // namespace tocsin
