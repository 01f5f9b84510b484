// Runs simulations of the engine, sequencer, log, bridge and clients, one a seed:
//
//   simulation [--seeds N] [--first SEED]   so many, from that seed on; the last line says how they ended
//   simulation --seed SEED                  one, and tells what happens in it
//
// Each seed runs in a process of its own, forked from one that has done nothing yet and whose addresses
// are not random: so it runs the same alone as among others. A seed that fails is printed with what
// repeats it. Ends with 1 when one has failed.
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/numbers.h"
#include "tests/simulation/simulation.h"

namespace tocsin::simulation {
namespace {

struct Flags {
  uint64_t seeds = 1'000;
  uint64_t first = 1;
  std::optional<uint64_t> seed;
};

[[noreturn]] void Usage() {
  std::fputs("usage: simulation [--seeds N] [--first SEED] | --seed SEED\n", stderr);
  std::exit(2);
}

Flags ReadFlags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i + 1 < argc; i += 2) {
    uint64_t value = 0;
    if (!absl::SimpleAtoi(argv[i + 1], &value)) Usage();
    const std::string name = argv[i];
    if (name == "--seeds") {
      flags.seeds = value;
    } else if (name == "--first") {
      flags.first = value;
    } else if (name == "--seed") {
      flags.seed = value;
    } else {
      Usage();
    }
  }
  if (argc % 2 == 0) Usage();
  return flags;
}

// Tables that are hashed by address are walked in another order at other addresses.
void FixAddresses(char** argv) {
  const int now = personality(0xffffffff);
  if (now != -1 && (now & ADDR_NO_RANDOMIZE) == 0 &&
      personality(static_cast<unsigned long>(now) | ADDR_NO_RANDOMIZE) != -1) {
    execv("/proc/self/exe", argv);
  }
}

int RunOne(uint64_t seed, bool trace) {
  const Result result = Simulate(seed, trace);
  if (trace) {
    std::printf("%zu events, %zu seen, %zu kills\n", result.events, result.seen, result.kills);
  }
  if (!result.wrong.empty()) {
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), result.wrong.c_str());
  }
  std::fflush(stdout);
  return result.wrong.empty() ? 0 : 1;
}

class Runs {
 public:
  void Start(uint64_t seed) {
    std::fflush(stdout);  // or the child would write it as well
    const pid_t pid = fork();
    if (pid == 0) {
      alarm(60);  // one that hangs
      if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(2);
      _exit(RunOne(seed, /*trace=*/false));
    }
    running_[pid] = seed;
  }
  void AwaitOne() {
    int status = 0;
    const pid_t pid = wait(&status);
    const uint64_t seed = running_.at(pid);
    running_.erase(pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      ++held_;
      return;
    }
    ++failed_;
    if (WIFSIGNALED(status)) {
      std::printf("seed %llu: ended by signal %d\n", static_cast<unsigned long long>(seed),
                  WTERMSIG(status));
    }
    std::printf("  repeat with: simulation --seed %llu\n", static_cast<unsigned long long>(seed));
  }
  size_t running() const { return running_.size(); }
  uint64_t held() const { return held_; }
  uint64_t failed() const { return failed_; }

 private:
  std::map<pid_t, uint64_t> running_;
  uint64_t held_ = 0;
  uint64_t failed_ = 0;
};

int RunAll(const Flags& flags) {
  Runs runs;
  const size_t at_a_time = std::max(1u, std::thread::hardware_concurrency());
  for (uint64_t i = 0; i < flags.seeds; ++i) {
    if (runs.running() == at_a_time) runs.AwaitOne();
    runs.Start(flags.first + i);
  }
  while (runs.running() > 0) runs.AwaitOne();
  std::printf("%llu seeds held, %llu failed\n", static_cast<unsigned long long>(runs.held()),
              static_cast<unsigned long long>(runs.failed()));
  return runs.failed() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tocsin::simulation

int main(int argc, char** argv) {
  using namespace tocsin::simulation;
  FixAddresses(argv);
  const Flags flags = ReadFlags(argc, argv);
  return flags.seed.has_value() ? RunOne(*flags.seed, /*trace=*/true) : RunAll(flags);
}
