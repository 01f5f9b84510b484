#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "core/base/task_thread.h"

namespace tocsin {
namespace {

TEST(TaskThreadTest, RunsTasksInOrderAndWhatWaitsAtItsEnd) {
  TaskThread thread(100);
  thread.Start("test");
  std::promise<void> go;
  std::vector<int> ran;
  TaskThread::Task wait = [&] { go.get_future().wait(); };
  ASSERT_TRUE(thread.Run(wait));
  for (int i = 0; i < 50; ++i) {
    TaskThread::Task task = [&ran, i] { ran.push_back(i); };
    ASSERT_TRUE(thread.Run(task));
  }
  go.set_value();
  thread.Stop();
  ASSERT_EQ(ran.size(), 50u);
  EXPECT_EQ(ran.front(), 0);
  EXPECT_EQ(ran.back(), 49);
}

TEST(TaskThreadTest, RefusesWhatIsTooMuchAndWhatComesTooLateAndLeavesTheTask) {
  TaskThread thread(1);
  int ran = 0;
  TaskThread::Task task = [&ran] { ++ran; };
  EXPECT_FALSE(thread.Run(task));  // not started
  thread.Start("test");
  std::promise<void> begun, go;
  TaskThread::Task wait = [&] {
    begun.set_value();
    go.get_future().wait();
  };
  ASSERT_TRUE(thread.Run(wait));
  begun.get_future().wait();
  TaskThread::Task waits = [&ran] { ++ran; };
  ASSERT_TRUE(thread.Run(waits));
  EXPECT_FALSE(thread.Run(task));  // one waits already
  go.set_value();
  thread.Stop();
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(thread.Run(task));
  task();
  EXPECT_EQ(ran, 2);
}

}  // namespace
}  // namespace tocsin
