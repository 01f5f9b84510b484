// load.h: the publishers of a run: single events, batches, and calls that are made again with the
// same ids after they were acknowledged.
//
// Shape:   the events are about kIncidents incidents of the run's own, which change between the two
//          lowest severities. A call that gets no answer is made again with the same ids until it
//          does. Finish closes the incidents, so that the run leaves nothing active behind.
// Threads: Start, Stop and Finish from one thread; each kind of publisher has one of its own.
// Errors:  the first of any publisher: the hub refused an event, or gave no answer for the patience.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "cli/client.h"
#include "cli/interrupt.h"
#include "cli/verify/options.h"
#include "cli/verify/recorder.h"
#include "core/base/mutex.h"

namespace tocsin::cli::verify {

class Load {
 public:
  static constexpr size_t kIncidents = 20;

  Load(const Globals& globals, const VerifyOptions& options, const std::string& run_id,
       Interrupt& interrupt, Recorder& recorder);
  ~Load() { Stop(); }

  void Start();
  // Waits for the calls that are under way.
  void Stop();
  // The sequence of the last event of the run.
  grpc::Status Finish(uint64_t& last);

  bool failed() const { return failed_; }
  grpc::Status error();
  uint64_t acknowledged() const { return acknowledged_; }
  uint64_t tries() const { return tries_; }  // calls that had to be made again

 private:
  class Publisher;

  void Run(size_t number);
  void Fail(const grpc::Status& status);

  const Globals globals_;
  const VerifyOptions options_;
  const std::string run_id_;
  Interrupt& interrupt_;
  Recorder& recorder_;
  std::vector<std::string> incidents_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> failed_{false};
  std::atomic<uint64_t> acknowledged_{0};
  std::atomic<uint64_t> tries_{0};
  Mutex mutex_;
  grpc::Status error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::cli::verify
