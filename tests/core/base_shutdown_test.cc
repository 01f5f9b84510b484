#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <future>

#include "core/base/shutdown.h"

namespace tocsin {
namespace {

TEST(SignalWatcherTest, CallsBackOnAThreadOfItsOwn) {
  std::promise<std::pair<int, std::thread::id>> got;
  SignalWatcher watcher([&](int signal) { got.set_value({signal, std::this_thread::get_id()}); });
  ASSERT_EQ(kill(getpid(), SIGHUP), 0);
  const auto [signal, thread] = got.get_future().get();
  EXPECT_EQ(signal, SIGHUP);
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(SignalWatcherTest, EndsWithoutASignalAndMayBeMadeAgain) {
  {
    SignalWatcher watcher([](int) { FAIL(); });
  }
  SignalWatcher again([](int) { FAIL(); });
}

TEST(SignalWatcherTest, APeerThatHasGoneIsAnErrorOfTheWrite) {
  SignalWatcher watcher([](int) {});
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

}  // namespace
}  // namespace tocsin
