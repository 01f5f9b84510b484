#include "cli/follow.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <functional>
#include <sstream>
#include <streambuf>

#include "cli/client.h"
#include "cli/exit_codes.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tocsin/v1/hub.grpc.pb.h"

namespace tocsin::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(FollowTest, AGapIsToldInBothForms) {
  v1::Gap gap;
  gap.set_reason(v1::GAP_REASON_EXPIRED);
  gap.set_from("e-1");
  gap.set_to("e-9");
  EXPECT_EQ(GapJson(gap), R"({"gap":{"reason":"expired","from":"e-1","to":"e-9"}})");
  EXPECT_THAT(GapText(gap), HasSubstr("events after e-1 up to e-9"));
}

// Each Subscribe follows the next scene; past the last it ends at once.
class ScriptedHub : public v1::EventHub::Service {
 public:
  using Writer = grpc::ServerWriter<v1::SubscribeResponse>;
  using Scene = std::function<void(Writer&)>;

  explicit ScriptedHub(std::deque<Scene> scenes) : scenes_(std::move(scenes)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~ScriptedHub() override { server_->Shutdown(std::chrono::system_clock::now()); }

  grpc::Status Subscribe(grpc::ServerContext*, const v1::SubscribeRequest* request,
                         Writer* writer) override {
    const MutexLock lock(mutex_);
    requests_.push_back(*request);
    if (!scenes_.empty()) {
      const Scene scene = std::move(scenes_.front());
      scenes_.pop_front();
      scene(*writer);
    }
    return {grpc::StatusCode::UNAVAILABLE, "going down"};
  }

  // All that is there, printed as JSON. An exit code.
  int Follow(std::ostream& out, bool snapshot = false) const {
    Globals globals;
    globals.hub = "127.0.0.1:" + std::to_string(port_);
    FollowOptions options;
    options.json = true;
    options.until_caught_up = true;
    options.request.set_snapshot(snapshot);
    Interrupt interrupt;
    return cli::Follow(globals, options, interrupt, out);
  }

  std::vector<v1::SubscribeRequest> requests() {
    const MutexLock lock(mutex_);
    return requests_;
  }

 private:
  Mutex mutex_;
  std::vector<v1::SubscribeRequest> requests_ ABSL_GUARDED_BY(mutex_);
  std::deque<Scene> scenes_ ABSL_GUARDED_BY(mutex_);
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

v1::SubscribeResponse ResponseTo(const std::string& cursor, bool caught_up) {
  v1::SubscribeResponse response;
  response.add_events()->set_cursor(cursor);
  response.set_cursor(cursor);
  response.set_caught_up(caught_up);
  return response;
}

// Takes `flushes` flushes, then fails with `error`.
class FailingBuffer : public std::stringbuf {
 public:
  FailingBuffer(int flushes, int error) : flushes_(flushes), error_(error) {}

 protected:
  int sync() override {
    if (flushes_-- > 0) return 0;
    errno = error_;
    return -1;
  }

 private:
  int flushes_;
  const int error_;
};

TEST(FollowTest, AFullDiskIsAFailureAndNamesTheLastCursorWritten) {
  ScriptedHub hub({[](auto& writer) {
    writer.Write(ResponseTo("e-1", false));
    writer.Write(ResponseTo("e-2", true));
  }});
  FailingBuffer buffer(/*flushes=*/1, ENOSPC);
  std::ostream out(&buffer);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(hub.Follow(out), kFailed);
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("No space left on device"));
  EXPECT_THAT(said, HasSubstr("tocsin sub --from e-1\n"));
}

TEST(FollowTest, ADeviceThatTakesNothingIsAFailure) {
  ScriptedHub hub({[](auto& writer) { writer.Write(ResponseTo("e-1", true)); }});
  std::ofstream out("/dev/full");
  ASSERT_TRUE(out);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(hub.Follow(out), kFailed);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("No space left on device. None is known to be written"));
}

TEST(FollowTest, AReaderThatHasGoneIsNoFailure) {
  ScriptedHub hub({[](auto& writer) { writer.Write(ResponseTo("e-1", false)); }});
  FailingBuffer buffer(/*flushes=*/0, EPIPE);
  std::ostream out(&buffer);
  EXPECT_EQ(hub.Follow(out), kOk);
}

std::string SaidAfterACut(const v1::SubscribeResponse& then) {
  ScriptedHub hub({[](auto& writer) { writer.Write(ResponseTo("e-1", false)); },
                   [then](auto& writer) { writer.Write(then); }});
  std::ostringstream out;
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(hub.Follow(out), kOk);
  return ::testing::internal::GetCapturedStderr();
}

TEST(FollowTest, NothingWasMissedIsOnlySaidWithoutAGap) {
  v1::SubscribeResponse response = ResponseTo("e-10", true);
  EXPECT_THAT(SaidAfterACut(response), HasSubstr("connected again; nothing was missed\n"));
  response.mutable_gap()->set_from("e-1");
  response.mutable_gap()->set_to("e-9");
  const std::string said = SaidAfterACut(response);
  EXPECT_THAT(said, HasSubstr("connected again\n"));
  EXPECT_THAT(said, HasSubstr("GAP: events after e-1 up to e-9"));
  EXPECT_THAT(said, Not(HasSubstr("nothing was missed")));
}

grpc::Status WithReason(grpc::StatusCode code, const std::string& message,
                        const std::string& reason) {
  google::rpc::Status full;
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  (*info.mutable_metadata())["earliest"] = "e-5";
  (*info.mutable_metadata())["latest"] = "e-9";
  full.add_details()->PackFrom(info);
  return {code, message, full.SerializeAsString()};
}

TEST(ClientTest, AHubThatIsNotThereIsSaidToBeNotThere) {
  const Failure failure =
      FailureOf({grpc::StatusCode::UNAVAILABLE,
                 "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: "
                 "Failed to connect to remote host: Connection refused"},
                "127.0.0.1:1");
  EXPECT_EQ(failure.exit_code, kUnreachable);
  EXPECT_EQ(failure.text,
            "cannot reach the hub at 127.0.0.1:1: connection refused. Is tocsin-hub running? --hub "
            "(or TOCSIN_HUB) changes the address");
}

TEST(ClientTest, AHubThatIsStoppingIsNotSaidToBeGone) {
  const Failure failure = FailureOf(
      WithReason(grpc::StatusCode::UNAVAILABLE, "the hub is stopping", "SERVICE_UNAVAILABLE"),
      "h:1");
  EXPECT_EQ(failure.exit_code, kUnreachable);
  EXPECT_THAT(failure.text, HasSubstr("takes nothing at present: the hub is stopping"));
}

TEST(ClientTest, AnExpiredCursorSaysWhatIsHeldAndWhatToDo) {
  const Failure failure = FailureOf(
      WithReason(grpc::StatusCode::OUT_OF_RANGE, "the cursor has expired", "CURSOR_EXPIRED"),
      "h:1");
  EXPECT_EQ(failure.exit_code, kGap);
  EXPECT_THAT(failure.text, HasSubstr("holds e-5 to e-9"));
  EXPECT_THAT(failure.text, HasSubstr("--on-gap notify"));
}

v1::SubscribeResponse SnapshotPart(const std::string& id, bool last) {
  v1::SubscribeResponse response;
  response.set_cursor("e-5");
  response.mutable_snapshot()->set_kind(last ? v1::SnapshotMark::KIND_LAST
                                             : v1::SnapshotMark::KIND_PART);
  response.mutable_snapshot()->add_incidents()->set_id(id);
  return response;
}

v1::SubscribeResponse Leaving(const std::string& id, bool caught_up) {
  v1::SubscribeResponse response;
  response.set_cursor("e-6");
  response.add_leaves()->set_incident_id(id);
  response.set_caught_up(caught_up);
  return response;
}

TEST(FollowTest, ASnapshotAndWhatLeavesItArePrinted) {
  ScriptedHub hub({[](auto& writer) {
    writer.Write(SnapshotPart("a", false));
    writer.Write(SnapshotPart("b", true));
    writer.Write(Leaving("a", true));
  }});
  std::ostringstream out;
  EXPECT_EQ(hub.Follow(out, /*snapshot=*/true), kOk);
  EXPECT_THAT(out.str(), HasSubstr("{\"snapshot\":{\"id\":\"a\""));
  EXPECT_THAT(out.str(), HasSubstr("{\"snapshot\":{\"id\":\"b\""));
  EXPECT_THAT(out.str(), HasSubstr("{\"left\":{\"incident_id\":\"a\""));
}

// With another snapshot, what left meanwhile would never be told.
TEST(FollowTest, AfterAWholeSnapshotItGoesOnWithLeavesOnly) {
  ScriptedHub hub({[](auto& writer) { writer.Write(SnapshotPart("a", true)); },
                   [](auto& writer) { writer.Write(Leaving("a", true)); }});
  std::ostringstream out;
  EXPECT_EQ(hub.Follow(out, /*snapshot=*/true), kOk);
  const auto requests = hub.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_TRUE(requests[0].snapshot());
  EXPECT_FALSE(requests[1].snapshot());
  EXPECT_TRUE(requests[1].leaves());
  EXPECT_EQ(requests[1].from(), "e-5");
}

TEST(FollowTest, ASnapshotThatBrokeOffBeginsAgain) {
  ScriptedHub hub({[](auto& writer) { writer.Write(SnapshotPart("a", false)); },
                   [](auto& writer) {
                     writer.Write(SnapshotPart("a", true));
                     writer.Write(Leaving("a", true));
                   }});
  std::ostringstream out;
  EXPECT_EQ(hub.Follow(out, /*snapshot=*/true), kOk);
  const auto requests = hub.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_TRUE(requests[1].snapshot());
  EXPECT_EQ(requests[1].from(), "");
}

}  // namespace
}  // namespace tocsin::cli
