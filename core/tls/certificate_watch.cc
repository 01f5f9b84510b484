#include "core/tls/certificate_watch.h"

#include <pthread.h>
#include <sys/stat.h>

#include <utility>

#include "absl/time/clock.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"

namespace tocsin::tls {
namespace {

void Tell(const char* what, const Certificate& certificate) {
  const absl::Time now = absl::Now();
  LogInfo(what, {{"subject", certificate.subject},
                 {"expires", absl::FormatTime(certificate.expires, absl::UTCTimeZone())}});
  if (now < certificate.begins || now >= certificate.expires) {
    LogWarning("the certificate is not valid now; clients will refuse it",
               {{"subject", certificate.subject},
                {"begins", absl::FormatTime(certificate.begins, absl::UTCTimeZone())},
                {"expires", absl::FormatTime(certificate.expires, absl::UTCTimeZone())}});
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<CertificateWatch>> CertificateWatch::Open(CertificateFiles files) {
  Stamps stamps = StampsOf(files);  // before the files are read
  ASSIGN_OR_RETURN(Certificate certificate, LoadCertificate(files));
  Tell("certificate loaded", certificate);
  return std::unique_ptr<CertificateWatch>(
      new CertificateWatch(std::move(files), std::move(stamps),
                           std::make_shared<const Certificate>(std::move(certificate))));
}

CertificateWatch::CertificateWatch(CertificateFiles files, Stamps stamps,
                                   CertificatePtr certificate)
    : files_(std::move(files)), seen_(std::move(stamps)), current_(std::move(certificate)) {}

CertificateWatch::Stamps CertificateWatch::StampsOf(const CertificateFiles& files) {
  Stamps stamps;
  for (const NamedFile* file : {&files.chain, &files.key, &files.authorities}) {
    struct stat found {};
    if (!file->path.empty() && ::stat(file->path.c_str(), &found) == 0) {
      stamps.push_back(
          {.inode = found.st_ino,
           .bytes = found.st_size,
           .changed_ns = found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec});
    } else {
      stamps.emplace_back();
    }
  }
  return stamps;
}

CertificateWatch::CertificatePtr CertificateWatch::current() const {
  const MutexLock lock(mutex_);
  return current_;
}

void CertificateWatch::Start(OnNew on_new) {
  on_new_ = std::move(on_new);
  thread_ = std::thread([this] { Run(); });
}

void CertificateWatch::Stop() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void CertificateWatch::Reload() {
  {
    const MutexLock lock(mutex_);
    reload_ = true;
  }
  changed_.NotifyAll();
}

void CertificateWatch::Run() {
  pthread_setname_np(pthread_self(), "certificates");
  while (true) {
    {
      const MutexLock lock(mutex_);
      if (!stop_ && !reload_) {
        changed_.WaitFor(mutex_, kInterval);
      }
      if (stop_) {
        return;
      }
    }
    Look();
  }
}

void CertificateWatch::Look() {
  bool told = false;
  {
    const MutexLock lock(mutex_);
    told = std::exchange(reload_, false);
  }
  Stamps now = StampsOf(files_);
  if (told || now != seen_) {
    seen_ = std::move(now);
    const absl::Status loaded = Load();
    untold_ = loaded.ok() ? std::nullopt : std::optional(loaded);
    if (!told) {
      return;
    }
  }
  if (untold_.has_value()) {
    LogError("the certificate is not replaced: the one in use stays",
             {{"why", ToStd(untold_->message())}});
    untold_.reset();
  }
}

absl::Status CertificateWatch::Load() {
  ASSIGN_OR_RETURN(Certificate loaded, LoadCertificate(files_));
  if (on_new_ != nullptr) {
    RETURN_IF_ERROR(on_new_(loaded));
  }
  Tell("certificate replaced", loaded);
  const MutexLock lock(mutex_);
  current_ = std::make_shared<const Certificate>(std::move(loaded));
  return absl::OkStatus();
}

}  // namespace tocsin::tls
