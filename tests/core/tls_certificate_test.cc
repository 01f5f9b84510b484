// Certificates from files: what is refused, in which words, and what becomes of changed files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/tls/certificate.h"
#include "core/tls/certificate_watch.h"
#include "tests/core/test_certificates.h"

namespace tocsin::tls {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::tocsin::testing::MadeCertificate;
using ::tocsin::testing::MakeCertificate;
using ::tocsin::testing::WriteCertificate;
using ::tocsin::testing::WriteFile;

class CertificateTest : public ::testing::Test {
 protected:
  CertificateTest() {
    EXPECT_NE(mkdtemp(dir.data()), nullptr);
    files = WriteCertificate(dir, first);
  }
  ~CertificateTest() override { std::filesystem::remove_all(dir); }

  std::string Refusal() {
    const auto loaded = LoadCertificate(files);
    EXPECT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument) << loaded.status();
    return std::string(loaded.status().message());
  }
  std::unique_ptr<CertificateWatch> Watch() {
    auto watch = CertificateWatch::Open(files);
    EXPECT_TRUE(watch.ok()) << watch.status();
    return *std::move(watch);
  }
  // Puts another file in its place, as tools that renew certificates do.
  void Replace(const std::string& name, const std::string& text) {
    WriteFile(dir + "/next", text);
    std::filesystem::rename(dir + "/next", dir + "/" + name);
  }

  std::string dir = ::testing::TempDir() + "tocsin-tls-XXXXXX";
  const MadeCertificate first = MakeCertificate("first.example");
  const MadeCertificate second = MakeCertificate("second.example");
  CertificateFiles files;
};

TEST_F(CertificateTest, IsReadWithItsNameAndItsTime) {
  const auto loaded = LoadCertificate(files);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->subject, "CN=first.example");
  EXPECT_EQ(loaded->chain, first.chain);
  const absl::Duration left = loaded->expires - absl::Now();
  EXPECT_LE(absl::AbsDuration(left - absl::Hours(30 * 24)), absl::Hours(1));
}

TEST_F(CertificateTest, WhatIsWrongIsSaidWithTheSettingAndTheFile) {
  WriteFile(dir + "/key.pem", second.key);
  EXPECT_THAT(Refusal(), HasSubstr("--tls-key: the file " + dir + "/key.pem holds another key"));
  WriteFile(dir + "/key.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n");
  EXPECT_THAT(Refusal(), HasSubstr("encrypted key"));
  WriteFile(dir + "/key.pem", first.chain);
  EXPECT_THAT(Refusal(), HasSubstr("holds no private key in PEM form"));
  WriteFile(dir + "/key.pem", "secret words");
  EXPECT_THAT(Refusal(), Not(HasSubstr("secret words")));
  WriteFile(dir + "/cert.pem", "no certificate");
  EXPECT_THAT(Refusal(),
              HasSubstr("--tls-cert: the file " + dir + "/cert.pem holds no certificate"));
  WriteFile(dir + "/cert.pem", std::string(kMaxFileBytes + 1, 'x'));
  EXPECT_THAT(Refusal(), HasSubstr("is too large; allowed: at most 262144 bytes"));
  std::filesystem::remove(dir + "/cert.pem");
  EXPECT_THAT(Refusal(), HasSubstr("--tls-cert: cannot read " + dir + "/cert.pem: No such file"));
}

TEST_F(CertificateTest, AuthoritiesAreReadToo) {
  files.authorities.path = dir + "/ca.pem";
  EXPECT_THAT(Refusal(), HasSubstr("--tls-client-ca: cannot read"));
  WriteFile(dir + "/ca.pem", second.chain + first.chain);
  EXPECT_EQ(LoadCertificate(files)->authorities, second.chain + first.chain);
}

TEST_F(CertificateTest, OneThatHasExpiredIsLoaded) {
  files = WriteCertificate(dir, MakeCertificate("old.example", -1));
  EXPECT_LT(LoadCertificate(files)->expires, absl::Now());
}

TEST_F(CertificateTest, ChangedFilesAreReadAgainAndOnlyThen) {
  int news = 0;
  const auto watch = Watch();
  watch->Start([&](const Certificate&) {
    ++news;
    return absl::OkStatus();
  });
  watch->Stop();
  watch->Look();
  EXPECT_EQ(news, 0);
  Replace("key.pem", second.key);
  Replace("cert.pem", second.chain);
  watch->Look();
  watch->Look();
  EXPECT_EQ(news, 1);
  EXPECT_EQ(watch->current()->subject, "CN=second.example");
}

// A key and its certificate are never replaced at the same moment.
TEST_F(CertificateTest, AHalfReplacedPairLeavesTheOldOneAndIsTold) {
  const auto watch = Watch();
  Replace("key.pem", second.key);
  ::testing::internal::CaptureStderr();
  watch->Look();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), Not(HasSubstr("not replaced")));
  EXPECT_EQ(watch->current()->subject, "CN=first.example");
  ::testing::internal::CaptureStderr();
  watch->Look();
  watch->Look();
  const std::string told = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(told, HasSubstr("the one in use stays"));
  EXPECT_EQ(told.find("stays"), told.rfind("stays")) << "once";
  Replace("cert.pem", second.chain);
  watch->Look();
  EXPECT_EQ(watch->current()->subject, "CN=second.example");
}

TEST_F(CertificateTest, OneThatItsUserRefusesDoesNotBecomeCurrent) {
  const auto watch = Watch();
  watch->Start([](const Certificate&) { return absl::InvalidArgumentError("too weak"); });
  watch->Stop();
  files = WriteCertificate(dir, second);
  watch->Look();
  EXPECT_EQ(watch->current()->subject, "CN=first.example");
}

TEST_F(CertificateTest, ReloadReadsWithoutAChangeAndItsThreadSeesChanges) {
  Mutex mutex;
  CondVar changed;
  int news = 0;
  const auto wait_for = [&](int wanted) {
    const MutexLock lock(mutex);
    while (news < wanted) changed.Wait(mutex);
  };
  const auto watch = Watch();
  watch->Start([&](const Certificate&) {
    const MutexLock lock(mutex);
    ++news;
    changed.NotifyAll();
    return absl::OkStatus();
  });
  watch->Reload();
  wait_for(1);
  Replace("key.pem", second.key);
  Replace("cert.pem", second.chain);
  wait_for(2);
}

}  // namespace
}  // namespace tocsin::tls
