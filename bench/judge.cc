// judge.cc: how long the judge of histories takes, and what it holds: a history in which nothing is
// wrong is made, and judged.
//
//   bench_judge [--records=10000000] [--streams=8] [--file=FILE]
//
// Half of the streams ask for everything and half for one of five severities with what leaves. One
// record in ten thousand is a resume, one in a thousand a bookmark. With --file the history is kept
// there, and is not made when it is there already.
#include "core/history/judge.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/check.h"
#include "core/history/record_json.h"

namespace tocsin::history {
namespace {

constexpr uint64_t kIncidents = 1'000;
constexpr uint64_t kBatch = 10;

struct Options {
  uint64_t records = 10'000'000;
  uint32_t streams = 8;
  std::string file;
};

struct Logged {
  UuidKey id;
  uint64_t incident;
  uint64_t severity;
};

class Maker {
 public:
  Maker(const Options& options, std::ostream& out) : options_(options), out_(out) {}

  void Make() {
    // An event is in the log once, in a call of ten, in half of the streams whole, and in the others
    // once in five, besides as many leaves.
    const double a_record = 1.1 + options_.streams / 2.0 + options_.streams / 2.0 * 0.36;
    const auto events = static_cast<uint64_t>(static_cast<double>(options_.records) / a_record);
    for (uint64_t i = 0; i < events; ++i) {
      log_.push_back({{random_(), random_()}, random_() % kIncidents, random_() % 5});
    }
    for (uint32_t stream = 1; stream <= options_.streams; ++stream) MakeStream(stream);
    MakeCalls();
    MakeRead();
  }

 private:
  static Cursor At(uint64_t index) { return {1, index + 1}; }
  void Put(const Record& record) { out_ << ToJson(record) << '\n'; }

  void MakeStream(uint32_t stream) {
    const bool all = stream % 2 == 0;
    Put(StreamRecord{.stream = stream,
                     .name = absl::StrCat("stream ", stream),
                     .start = Cursor{1, 0},
                     .filter = all ? "" : R"({"severities":["P0"]})",
                     .leaves = !all});
    std::vector<bool> in_set(kIncidents);
    for (uint64_t i = 0; i < log_.size(); ++i) {
      const Logged& event = log_[i];
      const bool is_p0 = event.severity == 0;
      if (all || is_p0) {
        Put(EventRecord{stream, 1, event.id, At(i), event.id.low});
      } else if (in_set[event.incident]) {
        Put(LeftRecord{stream, {1, event.incident}, At(i)});
      }
      in_set[event.incident] = is_p0;
      if (i % 1'000 == 999) Put(BookmarkRecord{stream, At(i)});
      if (i % 10'000 == 9'999) Put(ResumeRecord{stream, 1, At(i)});
    }
  }

  void MakeCalls() {
    for (uint64_t i = 0; i < log_.size(); i += kBatch) {
      PublishRecord call{.invoked_us = static_cast<int64_t>(i * 10 + 1),
                         .answered_us = static_cast<int64_t>(i * 10 + 500)};
      for (uint64_t j = i; j < std::min<uint64_t>(i + kBatch, log_.size()); ++j) {
        call.ids.push_back(log_[j].id);
        call.contents.push_back(log_[j].id.low);
        call.answers.push_back({At(j), false});
      }
      Put(call);
    }
  }

  void MakeRead() {
    for (uint64_t i = 0; i < log_.size(); ++i) {
      Put(ReadRecord{.read = 1,
                     .id = log_[i].id,
                     .cursor = At(i),
                     .incident = UuidKey{1, log_[i].incident},
                     .facts = absl::StrCat(R"({"severity":"P)", log_[i].severity, "\"}"),
                     .content = log_[i].id.low});
    }
    Put(EndRecord{1});
  }

  const Options& options_;
  std::ostream& out_;
  std::mt19937_64 random_{1};
  std::vector<Logged> log_;
};

rusage Usage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

double CpuSeconds() {
  const rusage usage = Usage();
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void Run(const Options& options) {
  std::ifstream in(options.file);
  TOCSIN_CHECK(in.is_open());
  const absl::Time start = absl::Now();
  const double cpu = CpuSeconds();
  const auto verdict = Judge(in, options.file);
  TOCSIN_CHECK(verdict.ok());
  std::printf("%llu records, %llu events, %llu streams: %.1f s, %.1f s of CPU, %.0f MiB\n",
              static_cast<unsigned long long>(verdict->records),
              static_cast<unsigned long long>(verdict->events),
              static_cast<unsigned long long>(verdict->streams),
              absl::ToDoubleSeconds(absl::Now() - start), CpuSeconds() - cpu,
              static_cast<double>(Usage().ru_maxrss) / 1024);
  std::fputs(VerdictText(*verdict).c_str(), stdout);
  TOCSIN_CHECK(verdict->held());
}

}  // namespace
}  // namespace tocsin::history

int main(int argc, char** argv) {
  tocsin::history::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::string value(argument.substr(std::min(argument.find('=') + 1, argument.size())));
    if (argument.starts_with("--records=")) TOCSIN_CHECK(absl::SimpleAtoi(value, &options.records));
    if (argument.starts_with("--streams=")) TOCSIN_CHECK(absl::SimpleAtoi(value, &options.streams));
    if (argument.starts_with("--file=")) options.file = value;
  }
  const bool keep = !options.file.empty();
  if (!keep) {
    options.file = (std::filesystem::temp_directory_path() / "tocsin-judge.history").string();
    std::filesystem::remove(options.file);
  }
  if (!std::filesystem::exists(options.file)) {
    // In a process of its own, so that the memory that is told is the judge's.
    if (fork() == 0) {
      std::ofstream out(options.file);
      tocsin::history::Maker(options, out).Make();
      out.close();
      _exit(out.good() ? 0 : 1);
    }
    int status = 0;
    TOCSIN_CHECK(wait(&status) > 0 && status == 0);
  }
  tocsin::history::Run(options);
  if (!keep) std::filesystem::remove(options.file);
  return 0;
}
