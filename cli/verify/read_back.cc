#include "cli/verify/read_back.h"

#include <memory>
#include <vector>

#include "absl/time/clock.h"
#include "cli/reconnect.h"
#include "cli/verify/told.h"
#include "core/rpc/hub_error.h"

namespace tocsin::cli::verify {
namespace {

constexpr absl::Duration kBetweenTries = absl::Milliseconds(200);

// One try: all events from the run's beginning to its last one.
grpc::Status ReadOnce(v1::EventHub::Stub& hub, const rpc::HubTokenPtr& token, const ReadBack& what,
                      std::vector<history::Record>& read) {
  rpc::HubContext context(token);
  context.set_wait_for_ready(true);
  SetTimeout(context, what.patience);
  v1::SubscribeRequest request;
  request.set_from(what.from);
  request.set_on_gap(v1::ON_GAP_NOTIFY);  // what is lost is the judge's to say
  request.set_label("tocsin verify");
  request.mutable_bookmark_interval()->set_seconds(1);
  const auto stream = hub.Subscribe(&context, request);
  v1::SubscribeResponse response;
  uint64_t at = 0;
  read.clear();
  while (at < what.last && stream->Read(&response)) {
    for (const v1::Event& event : response.events()) {
      at = event.sequence();
      if (at > what.last) break;
      read.push_back(ReadOf(event, 1, what.run_id));
    }
    const auto place = ParseCursor(response.cursor());
    if (place.ok()) at = std::max(at, place->sequence);
  }
  if (at < what.last) return stream->Finish();  // the hub ended it: to cancel would hide why
  context.TryCancel();
  stream->Finish();
  return grpc::Status::OK;
}

}  // namespace

grpc::Status ReadLogBack(const Globals& globals, const ReadBack& what, Interrupt& interrupt,
                         Recorder& recorder) {
  const auto channel = OpenChannel(globals, rpc::Connection::kOwn);
  const auto hub = v1::EventHub::NewStub(channel);
  const absl::Time give_up = absl::Now() + what.patience;
  std::vector<history::Record> read;
  while (true) {
    const grpc::Status status = ReadOnce(*hub, globals.token, what, read);
    if (status.ok()) break;
    if (!rpc::MayRetry(status) || absl::Now() > give_up) return status;
    if (!WaitForNextTry(*channel, absl::ZeroDuration(), kBetweenTries, &interrupt)) return status;
  }
  for (const history::Record& record : read) recorder.Write(record);
  recorder.Write(history::EndRecord{1});
  return grpc::Status::OK;
}

}  // namespace tocsin::cli::verify
