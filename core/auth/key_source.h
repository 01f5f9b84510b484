// key_source.h: where the set of keys comes from, and which one is used now.
//
// Shape:   a reader fetches the texts (files, or an address), beside the requests, on a thread of
//          its own. The set is replaced whole when the texts have changed and are good; a set that
//          cannot be read or is wrong leaves the last good one in use, for `keep_for` at most. When
//          a token names a key that the set does not have, the texts are read again at once, at
//          most every `seek_every`, so that no sender of made-up kids can make us ask more often.
// Threads: Load, then Start, from one; RunOnce on that, or on the thread; Keys, Seek, ReadSoon and state from
//          any.
// Owns:    the reader, the thread, the present set.
// Errors:  Load's: the server does not start without keys. Later ones are logged once for each
//          change of text, and told by state().
// Source:  docs/protocol.md, section 8.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/auth/key_set.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace tocsin {

class KeyReader {
 public:
  virtual ~KeyReader() = default;
  // May take as long as a file or the network does.
  virtual absl::StatusOr<std::vector<KeyText>> Read() = 0;
  // The reading that is under way, and every later one, ends soon. From any thread.
  virtual void Interrupt() {}
};

struct KeySourceOptions {
  KeyRules rules = {};
  absl::Duration every = absl::Seconds(1);             // between two readings
  absl::Duration seek_every = absl::Seconds(1);        // at least, between two that a kid asks for
  absl::Duration keep_for = absl::InfiniteDuration();  // from the last good reading on

  // Files are small, and read as often as a rotation should take at most.
  static KeySourceOptions ForFiles() { return {}; }
  // An identity provider is asked seldom.
  static KeySourceOptions ForAddress() {
    return {
        .every = absl::Minutes(10), .seek_every = absl::Seconds(30), .keep_for = absl::Hours(24)};
  }
};

class KeySource {
 public:
  enum class Sought {
    kNotThere,  // the texts were read a moment ago, and have no such key
    kUnderWay,  // they are being read again, or could not be read: ask again shortly
  };
  struct State {
    size_t keys = 0;
    absl::Duration age = absl::ZeroDuration();  // of the last good reading
    uint64_t readings = 0;
    uint64_t failures = 0;
    std::string error;  // of the last reading; empty when it was good
  };

  KeySource(std::unique_ptr<KeyReader> reader, const KeySourceOptions& options, Clock& clock);
  ~KeySource() { Stop(); }
  KeySource(const KeySource&) = delete;
  KeySource& operator=(const KeySource&) = delete;

  // Reads for the first time.
  absl::Status Load();
  void Start();
  void Stop();
  // Reads if it is time to; returns how long it is until the next time.
  absl::Duration RunOnce();

  // nullptr before Load, and when the last good reading is older than keep_for.
  KeySetPtr Keys() const;
  // A token named a key that Keys() does not have.
  Sought Seek();
  // An operator says that the texts are others now: they are read at once, however short ago they
  // were read before.
  void ReadSoon();
  State state() const;

 private:
  absl::Status Read();
  // The set that the texts of now stand for.
  absl::StatusOr<KeySetPtr> ReadSet();
  // Puts a set into use; true when it is another than before.
  bool Take(const KeySetPtr& keys);
  // True when it is worth telling: the last reading did not fail in the same way, and nobody stops.
  bool NoteFailure(const absl::Status& error);
  absl::Duration UntilNext() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunThread();

  const std::unique_ptr<KeyReader> reader_;
  const KeySourceOptions options_;
  Clock& clock_;
  std::thread thread_;

  // Of the one that reads: the texts' digest, and what they were found to be, so that equal ones
  // are not parsed again.
  std::string digest_;
  std::optional<absl::StatusOr<KeySetPtr>> outcome_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool sought_ ABSL_GUARDED_BY(mutex_) = false;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  KeySetPtr keys_ ABSL_GUARDED_BY(mutex_);
  absl::Duration tried_at_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  absl::Duration good_at_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  uint64_t readings_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t failures_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin
