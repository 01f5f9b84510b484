#include "cli/pub_file.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/exit_codes.h"
#include "cli/interrupt.h"
#include "cli/jsonl.h"
#include "cli/pub_result.h"
#include "cli/publisher.h"
#include "core/base/clock.h"
#include "core/base/strings.h"
#include "core/base/token_bucket.h"
#include "core/event/limits.h"

namespace tocsin::cli {
namespace {

// The largest batch: less than the hub's limit, to leave room for the request's own bytes.
constexpr size_t kBatchBytes = limits::kPublishBytes - 64 * limits::kKiB;

// Counts what became of the events so far, and reports it on stdout and stderr.
class Tally {
 public:
  Tally(std::string_view file, bool json) : file_(file), json_(json) {}

  void Accepted(const Publisher::Request& request, const v1::PublishResponse& response) {
    MutexLock lock(mutex_);
    for (const v1::PublishResult& result : response.results()) {
      // An event that is sent again after a broken stream may have been accepted the first time.
      result.duplicate() && !request.sent_before ? ++duplicates_ : ++published_;
      if (json_) std::cout << ResultJson(result) << '\n';
    }
    if (json_) std::cout.flush();
  }

  void RefusedByHub(const Publisher::Request& request, const v1::PublishError& error) {
    const std::vector<size_t>& lines = request.lines;
    std::string what = absl::StrCat(file_, ":", LineOfError(lines, error.field()), ": ",
                                    error.message(), " (", error.reason(), ")");
    if (lines.size() > 1) {
      absl::StrAppend(&what, "; with it the whole batch, lines ", lines.front(), " to ",
                      lines.back());
    }
    Refused(what, lines.size());
  }

  void Refused(std::string_view what, size_t events) {
    MutexLock lock(mutex_);
    refused_ += events;
    std::cerr << (on_terminal_ ? "\r\x1b[K" : "") << "tocsin: " << what << '\n';
  }

  bool AnyRefused() {
    MutexLock lock(mutex_);
    return refused_ > 0;
  }

  // Prints the progress: on a terminal over the last one, elsewhere as a new line.
  void Progress(absl::Time now) {
    MutexLock lock(mutex_);
    if (now < next_progress_) return;
    next_progress_ = now + (on_terminal_ ? absl::Milliseconds(200) : absl::Seconds(10));
    if (now - start_ < absl::Milliseconds(500)) return;
    std::cerr << (on_terminal_ ? "\r\x1b[K" : "") << Summary(now) << (on_terminal_ ? "" : "\n")
              << std::flush;
  }

  void Finish(absl::Time now) {
    MutexLock lock(mutex_);
    if (on_terminal_) std::cerr << "\r\x1b[K";
    (json_ ? std::cerr : std::cout) << Summary(now) << std::endl;
  }

 private:
  std::string Summary(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const double seconds = std::max(0.001, absl::ToDoubleSeconds(now - start_));
    return absl::StrFormat("%d published, %d duplicates, %d refused in %.1f s (%.0f/s)", published_,
                           duplicates_, refused_, seconds,
                           static_cast<double>(published_ + duplicates_) / seconds);
  }

  const std::string file_;
  const bool json_;
  const bool on_terminal_ = isatty(STDERR_FILENO) != 0;
  const absl::Time start_ = absl::Now();
  Mutex mutex_;
  absl::Time next_progress_ ABSL_GUARDED_BY(mutex_) = start_;
  size_t published_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t duplicates_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
};

// One run over one file.
class FileRun {
 public:
  FileRun(const Globals& globals, const PubFileOptions& options, std::istream& in)
      : globals_(globals),
        options_(options),
        name_(options.path == "-" ? "stdin" : options.path),
        lines_(in, name_),
        tally_(name_, options.json),
        bucket_(std::max(options.rate, 1e-9), static_cast<double>(BatchSize()),
                Clock::Real().Monotonic()),
        publisher_(globals, interrupt_,
                   [this](const auto& request, const auto* response, const auto* error) {
                     error == nullptr ? tally_.Accepted(request, *response)
                                      : tally_.RefusedByHub(request, *error);
                   }) {}

  int Run() {
    while (status_.ok() && !interrupt_.Raised() && !MustStop() && Step()) {
      tally_.Progress(absl::Now());
    }
    if (status_.ok() && !interrupt_.Raised()) Flush();
    if (status_.ok() && !interrupt_.Raised()) status_ = publisher_.Finish();
    tally_.Finish(absl::Now());
    return Outcome();
  }

 private:
  // A refused event refuses its whole batch, so with keep_going each event is a request of its own.
  // A slow rate makes batches small, so that events are spread evenly.
  size_t BatchSize() const {
    if (options_.keep_going) return 1;
    if (options_.rate <= 0) return options_.batch;
    return std::min(options_.batch, std::max<size_t>(1, static_cast<size_t>(options_.rate / 20)));
  }

  bool MustStop() { return !options_.keep_going && tally_.AnyRefused(); }

  // Reads and handles one line; false at the end.
  bool Step() {
    if (!lines_.HasMore()) Flush();
    if (!status_.ok() || !WaitForInput()) return false;
    absl::StatusOr<std::optional<v1::Event>> event = lines_.Next();
    if (!event.ok()) {
      tally_.Refused(ToStd(event.status().message()), 1);
      return true;
    }
    if (!event->has_value()) return false;
    Add(**std::move(event));
    return true;
  }

  // Waits here instead of in a read, which would not notice Ctrl-C.
  bool WaitForInput() {
    pollfd in{STDIN_FILENO, POLLIN, 0};
    while (options_.path == "-" && !lines_.HasMore()) {
      if (interrupt_.Raised()) return false;
      if (poll(&in, 1, 200) > 0) break;
    }
    return true;
  }

  void Add(v1::Event event) {
    const size_t bytes = event.ByteSizeLong();
    if (bytes_ + bytes > kBatchBytes) Flush();
    bytes_ += bytes;
    request_.lines.push_back(lines_.line());
    *request_.message.mutable_publish()->add_events() = std::move(event);
    if (request_.lines.size() >= BatchSize()) Flush();
  }

  void Flush() {
    if (request_.lines.empty()) return;
    if (options_.rate > 0 && !WaitForRate(static_cast<double>(request_.lines.size()))) return;
    status_ = publisher_.Publish(std::exchange(request_, {}));
    bytes_ = 0;
  }

  bool WaitForRate(double events) {
    while (!bucket_.Take(Clock::Real().Monotonic(), events)) {
      tally_.Progress(absl::Now());
      const absl::Duration wait = bucket_.WaitFor(Clock::Real().Monotonic(), events);
      if (!interrupt_.Sleep(std::min(wait, absl::Milliseconds(200)))) return false;
    }
    return true;
  }

  int Outcome() {
    if (interrupt_.Raised()) {
      return Fail(kInterrupted, absl::StrCat("interrupted at ", name_, ":", lines_.line(),
                                             "; what was unanswered then may have been published"));
    }
    if (!status_.ok()) {
      const Failure failure = FailureOf(status_, globals_.hub);
      return Fail(failure.exit_code, failure.text);
    }
    if (!tally_.AnyRefused()) return kOk;
    if (!options_.keep_going) {
      Fail(kRefused, absl::StrCat("stopped after ", name_, ":", lines_.line(),
                                  "; --keep-going passes over what is refused"));
    }
    return kRefused;
  }

  const Globals globals_;
  const PubFileOptions options_;
  const std::string name_;
  Interrupt interrupt_;  // before any other thread
  JsonLines lines_;
  Tally tally_;
  TokenBucket bucket_;
  Publisher publisher_;
  Publisher::Request request_;
  size_t bytes_ = 0;
  grpc::Status status_;
};

}  // namespace

size_t LineOfError(const std::vector<size_t>& lines, std::string_view field) {
  constexpr std::string_view kEvents = "events[";
  size_t index = 0;
  if (const size_t at = field.find(kEvents); at != std::string_view::npos) {
    const std::string_view number = field.substr(at + kEvents.size());
    std::from_chars(number.data(), number.data() + number.size(), index);
  }
  if (lines.empty()) return 0;
  return lines[std::min(index, lines.size() - 1)];
}

absl::StatusOr<double> ParseRate(std::string_view text) {
  const absl::Status wrong = absl::InvalidArgumentError(
      absl::StrCat("'", ToAbsl(text), "' is no rate; give one such as 50/s, 300/m or 1000/h"));
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  if (error != std::errc() || !(number > 0) || number > 1e9) return wrong;
  if (unit.empty() || unit == "/s") return number;
  if (unit == "/m") return number / 60;
  if (unit == "/h") return number / 3600;
  return wrong;
}

int PubFile(const Globals& globals, const PubFileOptions& options) {
  std::ios::sync_with_stdio(false);  // so that stdin is buffered, and says what it holds
  std::ifstream file;
  if (options.path != "-") {
    file.open(options.path, std::ios::binary);
    std::error_code ignored;
    if (std::filesystem::is_directory(options.path, ignored)) {
      return Fail(kFailed, absl::StrCat("cannot read ", options.path, ": Is a directory"));
    }
    if (!file) {
      return Fail(kFailed, absl::StrCat("cannot read ", options.path, ": ", std::strerror(errno)));
    }
  }
  FileRun run(globals, options, options.path == "-" ? std::cin : file);
  return run.Run();
}

}  // namespace tocsin::cli
