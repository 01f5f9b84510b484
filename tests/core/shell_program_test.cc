// The shell of both servers, around a service that does nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <sstream>
#include <stdexcept>

#include "core/shell/program.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FakeService : public Service {
 public:
  FakeService(std::function<absl::Status()> drain, std::function<void()> on_reload)
      : drain_(std::move(drain)), on_reload_(std::move(on_reload)) {}
  std::vector<Port> ports() const override {
    return {{"127.0.0.1:1", "grpc"}, {"[::1]:2", "operations"}};
  }
  void Reload() override { on_reload_(); }
  absl::Status Drain() override { return drain_(); }

 private:
  const std::function<absl::Status()> drain_;
  const std::function<void()> on_reload_;
};

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() {
    program = {
        .name = "tocsin-test",
        .what_it_is = "Is tested.",
        .register_options =
            [this](Options& options) { options.Count(&number, "number", "A number.", 1, 10); },
        .connections = [] { return size_t{1}; },
        .start = [this]() -> absl::StatusOr<std::unique_ptr<Service>> {
          ++starts;
          kill(getpid(), signal);
          return std::make_unique<FakeService>(drain, on_reload);
        }};
  }
  int Run(std::vector<const char*> arguments = {}) {
    arguments.insert(arguments.begin(), "tocsin-test");
    return RunProgram(program, static_cast<int>(arguments.size()), arguments.data(), out, err);
  }

  Program program;
  size_t number = 1;
  int signal = SIGTERM;
  int starts = 0;
  std::function<absl::Status()> drain = [] { return absl::OkStatus(); };
  std::function<void()> on_reload = [] {};
  std::ostringstream out;
  std::ostringstream err;
};

TEST_F(ProgramTest, SaysWhereItListensDrainsOnASignalAndEndsWellEither) {
  for (const int each : {SIGTERM, SIGINT}) {
    signal = each;
    int drained = 0;
    drain = [&] {
      ++drained;
      return absl::OkStatus();
    };
    out.str("");
    EXPECT_EQ(Run(), kProgramOk);
    EXPECT_EQ(out.str(), "listening on 127.0.0.1:1 (grpc)\nlistening on [::1]:2 (operations)\n");
    EXPECT_EQ(drained, 1);
  }
}

TEST_F(ProgramTest, ADrainThatFailsIsTheExitCode) {
  drain = [] { return absl::DataLossError("the disk is gone"); };
  EXPECT_EQ(Run(), kProgramFailed);
  EXPECT_EQ(err.str(), "tocsin-test: the disk is gone\n");
}

TEST_F(ProgramTest, AStartThatFailsOrThrowsIsAnExitCodeAndALine) {
  program.start = [] { return absl::UnavailableError("the port is in use"); };
  EXPECT_EQ(Run(), kProgramFailed);
  program.start = []() -> absl::StatusOr<std::unique_ptr<Service>> {
    throw std::runtime_error("no threads left");
  };
  EXPECT_EQ(Run(), kProgramFailed);
  EXPECT_EQ(err.str(), "tocsin-test: the port is in use\ntocsin-test: no threads left\n");
}

TEST_F(ProgramTest, WrongSettingsAreToldAndNothingIsStarted) {
  EXPECT_EQ(Run({"--number", "11"}), kProgramWrongSettings);
  EXPECT_THAT(err.str(), HasSubstr("--number"));
  EXPECT_EQ(Run({"--log-level", "loud"}), kProgramWrongSettings);
  EXPECT_THAT(err.str(), HasSubstr("--log-level"));
  EXPECT_EQ(Run({"--check-config"}), kProgramOk);
  EXPECT_EQ(Run({"--version"}), kProgramOk);
  EXPECT_EQ(starts, 0);
}

TEST_F(ProgramTest, TheDescriptorLimitIsRaisedToWhatIsAllowed) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low{.rlim_cur = 64, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(Run(), kProgramOk);
  rlimit after{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
}

// Symptom: a second SIGTERM to a draining bridge was ignored for up to ten minutes.
// Cause: each program had a signal handler of its own, and only the hub's looked at the second one.
// Why older tests missed it: they sent one signal.
TEST_F(ProgramTest, ASecondSignalEndsTheDrainAtOnce) {
  drain = [] {
    kill(getpid(), SIGTERM);
    while (true) pause();
    return absl::OkStatus();
  };
  EXPECT_EXIT(Run(), ::testing::ExitedWithCode(128 + SIGTERM), "ended by a second signal");
}

TEST_F(ProgramTest, SighupReadsFilesAgainAndDoesNotEndIt) {
  std::atomic<int> reloads = 0;
  on_reload = [&] {
    if (++reloads == 2) kill(getpid(), SIGTERM);
  };
  std::thread sender;
  program.start = [&]() -> absl::StatusOr<std::unique_ptr<Service>> {
    sender = std::thread([&] {
      while (reloads < 2) {
        kill(getpid(), SIGHUP);
        std::this_thread::yield();
      }
    });
    return std::make_unique<FakeService>(drain, on_reload);
  };
  EXPECT_EQ(Run(), kProgramOk);
  sender.join();
}

TEST_F(ProgramTest, AnExceptionThatNobodyCatchesIsLoggedBeforeTheProcessAborts) {
  program.start = [this]() -> absl::StatusOr<std::unique_ptr<Service>> {
    std::thread([] { throw std::runtime_error("a bug"); }).join();
    return std::make_unique<FakeService>(drain, on_reload);
  };
  EXPECT_EXIT(Run(), ::testing::KilledBySignal(SIGABRT), "nobody caught.*a bug");
}

}  // namespace
}  // namespace tocsin
