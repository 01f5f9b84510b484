// shutdown.h: delivers SIGTERM, SIGINT and SIGHUP as calls on an ordinary thread.
//
// Shape:   created in main before any other thread: it blocks the signals, and new threads inherit
//          that. Its own thread waits for them (signalfd), so the callback may lock, allocate and
//          log. SIGPIPE is ignored: writing to a peer that has gone returns an error instead.
// Threads: on_signal runs on the watcher's thread, one signal at a time.
// Owns:    the thread; the destructor joins it, and no call comes after that.
#pragma once

#include <functional>
#include <thread>

namespace tocsin {

class SignalWatcher {
 public:
  using OnSignal = std::function<void(int signal)>;

  explicit SignalWatcher(OnSignal on_signal);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void Run();

  OnSignal on_signal_;
  int signals_;  // signalfd
  int stop_;     // eventfd
  std::thread thread_;
};

// "SIGTERM" and so on, for logs.
const char* SignalName(int signal);

}  // namespace tocsin
