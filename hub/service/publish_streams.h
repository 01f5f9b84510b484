// publish_streams.h: the PublishStream calls that are open, so that a drain can end them.
//
// Threads: safe; one leaf mutex.
// Errors:  past the bound a call ends with RATE_LIMIT_EXCEEDED.
#pragma once

#include <memory>

#include "absl/container/flat_hash_map.h"
#include "core/base/mutex.h"
#include "hub/service/admission.h"
#include "hub/service/publish_stream.h"

namespace tocsin::hub {

class PublishStreams {
 public:
  // Each may hold PublishStream::kMaxBytes.
  static constexpr size_t kMaxStreams = 1'000;

  PublishStreams(Publisher& publisher, const Admission& admission)
      : publisher_(publisher), admission_(admission) {}

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Open();
  void Remove(PublishStream* stream);
  // Ends each after what it has read is answered.
  void Drain();
  // False when some are left after the time.
  bool WaitEmpty(absl::Duration timeout);

 private:
  absl::Status Admit(const std::shared_ptr<PublishStream>& stream);

  Publisher& publisher_;
  const Admission& admission_;
  Mutex mutex_;
  CondVar emptied_;
  absl::flat_hash_map<PublishStream*, std::weak_ptr<PublishStream>> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::hub
