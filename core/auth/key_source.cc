#include "core/auth/key_source.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"

namespace tocsin {
namespace {

// Kept in place of the texts, which may be secrets.
std::string DigestOf(const std::vector<KeyText>& texts) {
  std::string all;
  for (const KeyText& text : texts) {
    absl::StrAppend(&all, text.text.size(), ":", text.text);
  }
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(BytesOf(all), all.size(), reinterpret_cast<unsigned char*>(digest.data()));
  OPENSSL_cleanse(all.data(), all.size());
  return digest;
}

}  // namespace

KeySource::KeySource(std::unique_ptr<KeyReader> reader, const KeySourceOptions& options,
                     Clock& clock)
    : reader_(std::move(reader)), options_(options), clock_(clock) {}

absl::Status KeySource::Load() { return Read(); }

void KeySource::Start() {
  thread_ = std::thread([this] { RunThread(); });
  pthread_setname_np(thread_.native_handle(), "keys");
}

void KeySource::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  reader_->Interrupt();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void KeySource::RunThread() {
  absl::Duration wait = absl::ZeroDuration();
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!stopping_ && !sought_) {
        changed_.WaitFor(mutex_, wait);
      }
      if (stopping_) {
        return;
      }
    }
    wait = RunOnce();
  }
}

absl::Duration KeySource::RunOnce() {
  {
    MutexLock lock(mutex_);
    if (const absl::Duration wait = UntilNext(); wait > absl::ZeroDuration()) {
      return wait;
    }
  }
  (void)Read();  // told by state() and the log
  MutexLock lock(mutex_);
  return UntilNext();
}

absl::Duration KeySource::UntilNext() const {
  if (sought_) {
    return absl::ZeroDuration();
  }
  // What failed is tried again soon.
  const absl::Duration every =
      error_.empty() ? options_.every : std::min(options_.every, options_.seek_every);
  return std::max(absl::ZeroDuration(), tried_at_ + every - clock_.Monotonic());
}

absl::Status KeySource::Read() {
  {
    MutexLock lock(mutex_);
    tried_at_ = clock_.Monotonic();
    sought_ = false;  // whoever asks from here on asks for another reading
    reading_ = true;
  }
  const absl::StatusOr<KeySetPtr> keys = ReadSet();
  if (!keys.ok()) {
    if (NoteFailure(keys.status())) {
      LogWarning("keys of tokens cannot be read; the last good ones stay in use",
                 {{"error", keys.status()}});
    }
    return keys.status();
  }
  if (Take(*keys)) {
    for (const std::string& key : (*keys)->passed_over()) {
      LogInfo("key of a JWK set is not used", {{"key", key}});
    }
    LogInfo("keys of tokens read", {{"keys", (*keys)->keys().size()}});
  }
  return absl::OkStatus();
}

absl::StatusOr<KeySetPtr> KeySource::ReadSet() {
  ASSIGN_OR_RETURN(const std::vector<KeyText> texts, reader_->Read());
  std::string digest = DigestOf(texts);
  if (!outcome_ || digest != digest_) {
    digest_ = std::move(digest);
    outcome_ = KeySet::Parse(texts, options_.rules);
  }
  return *outcome_;
}

bool KeySource::Take(const KeySetPtr& keys) {
  MutexLock lock(mutex_);
  reading_ = false;
  ++readings_;
  good_at_ = clock_.Monotonic();
  error_.clear();
  return std::exchange(keys_, keys) != keys;
}

bool KeySource::NoteFailure(const absl::Status& error) {
  MutexLock lock(mutex_);
  reading_ = false;
  ++readings_;
  ++failures_;
  const std::string before = std::exchange(error_, std::string(error.message()));
  return before != error_ && !stopping_;
}

KeySetPtr KeySource::Keys() const {
  MutexLock lock(mutex_);
  const bool fresh = clock_.Monotonic() - good_at_ <= options_.keep_for;
  return fresh || Planted("old-keys-kept") ? keys_ : nullptr;
}

KeySource::Sought KeySource::Seek() {
  MutexLock lock(mutex_);
  if (reading_ || sought_) {
    return Sought::kUnderWay;
  }
  if (clock_.Monotonic() - tried_at_ < options_.seek_every && !Planted("each-kid-is-sought")) {
    return error_.empty() ? Sought::kNotThere : Sought::kUnderWay;
  }
  sought_ = true;
  changed_.NotifyAll();
  return Sought::kUnderWay;
}

void KeySource::ReadSoon() {
  MutexLock lock(mutex_);
  sought_ = true;
  changed_.NotifyAll();
}

KeySource::State KeySource::state() const {
  MutexLock lock(mutex_);
  return {.keys = keys_ == nullptr ? 0 : keys_->keys().size(),
          .age = keys_ == nullptr ? absl::ZeroDuration() : clock_.Monotonic() - good_at_,
          .readings = readings_,
          .failures = failures_,
          .error = error_};
}

}  // namespace tocsin
