// certificate_watch.h: keeps a certificate as its files have it.
//
// Shape:   looks at the files' times and sizes every kInterval, and reads them when they have
//          changed. What cannot be used is told in the log, and the certificate before it stays:
//          once the change is an interval old, because a key and a certificate are seldom replaced
//          at the same moment.
// Threads: Start and Stop on one; current and Reload on any. `on_new` is called on the watch's own.
// Owns:    the thread.
// Errors:  Open says what is wrong with the files, as LoadCertificate.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/tls/certificate.h"

namespace tocsin::tls {

class CertificateWatch {
 public:
  static constexpr absl::Duration kInterval = absl::Milliseconds(500);

  using CertificatePtr = std::shared_ptr<const Certificate>;
  // Answers with an error when the certificate cannot be used; then it does not become current.
  using OnNew = std::function<absl::Status(const Certificate& certificate)>;

  static absl::StatusOr<std::unique_ptr<CertificateWatch>> Open(CertificateFiles files);
  ~CertificateWatch() { Stop(); }

  CertificatePtr current() const;
  void Start(OnNew on_new = nullptr);
  void Stop();
  // Reads the files now, changed or not (for SIGHUP), and tells what came of it.
  void Reload();
  // What the thread does every interval; for tests.
  void Look();

 private:
  // What tells that a file is another: inode, size, and when it was changed.
  struct Stamp {
    uint64_t inode = 0;
    int64_t bytes = -1;
    int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::vector<Stamp>;

  CertificateWatch(CertificateFiles files, Stamps stamps, CertificatePtr certificate);
  static Stamps StampsOf(const CertificateFiles& files);
  absl::Status Load();
  void Run();

  const CertificateFiles files_;
  OnNew on_new_;
  // The thread's own.
  Stamps seen_;
  std::optional<absl::Status> untold_;  // why the files as they were last seen cannot be used

  mutable Mutex mutex_;
  CertificatePtr current_ ABSL_GUARDED_BY(mutex_);
  bool reload_ ABSL_GUARDED_BY(mutex_) = false;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  CondVar changed_;
  std::thread thread_;
};

}  // namespace tocsin::tls
