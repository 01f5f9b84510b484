#include "tests/simulation/sim_link.h"

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/service/grpc_status.h"
#include "hub/service/subscribe_encoder.h"
#include "hub/service/subscribe_request.h"

namespace tocsin::simulation {
namespace {

constexpr size_t kUnread = 4;  // responses that the stream holds
constexpr absl::Duration kLooksForHub = absl::Milliseconds(20);
constexpr absl::Duration kKeepalive = absl::Seconds(15);

grpc::Status Gone() { return {grpc::StatusCode::UNAVAILABLE, "the connection is gone"}; }

}  // namespace

// Both ends of one call, and what is under way between them.
//
// The hub's end is as the hub's own SubscribeStream, which stands on gRPC: the request is read, the
// engine's items are encoded and written one response after the other, and a snapshot comes first.
class SimCall final : public rpc::HubLink::Call,
                      public Sink,
                      public SimHub::Caller,
                      public std::enable_shared_from_this<SimCall> {
 public:
  SimCall(SimLink& link, v1::SubscribeRequest request, rpc::HubLink::CallOwner& owner)
      : world_(link.world_), link_(&link), request_(std::move(request)), owner_(&owner) {}
  ~SimCall() override { LeaveHub(); }

  void Connect(bool wait_for_hub) {
    Later(Delay(), [this, wait_for_hub] {
      if (link_ == nullptr) {
        return;
      }
      SimHub* hub = link_->hub();
      if (hub == nullptr) {
        if (wait_for_hub) {
          world_.After(kLooksForHub, Held([this] { Connect(true); }));
        } else {
          Later(Delay(), [this] { EndClient(Gone()); });
        }
        return;
      }
      hub_ = hub;
      hub_->Enter(this);
      Begin();
    });
  }

  // ---- the client's end ----

  void Read() override {
    reading_ = true;
    Later(absl::ZeroDuration(), [this] { Give(); });
  }
  void Abandon() override {
    owner_ = nullptr;
    Later(Delay(), [this] { LeaveHub(); });
    LeaveLink();
  }

  // ---- the connection ----

  void OnHubGone() override {
    hub_ = nullptr;
    id_ = 0;
    snapshot_.reset();
    Later(Delay(), [this] { EndClient(Gone()); });
  }
  // Each side learns of it for itself.
  void Break() {
    broken_ = true;
    world_.After(world_.UpTo(kKeepalive), Held([this] { EndClient(Gone()); }));
    world_.After(world_.UpTo(kKeepalive), Held([this] { LeaveHub(); }));
  }
  // The client's process has ended.
  void OnClientGone() {
    owner_ = nullptr;
    link_ = nullptr;
    Later(delay_, [this] { LeaveHub(); });
  }

  // ---- the hub's end ----

  bool Write(const WriteView& view) override {
    hub::EncodedItems encoded = hub::EncodeItems(view.items, subscribing_.leaves_as);
    for (grpc::ByteBuffer& response : encoded.responses) {
      to_write_.push_back(std::move(response));
    }
    end_ = std::move(encoded.end);
    WriteNext();
    return false;
  }
  void Stuck() override { EndHub({grpc::StatusCode::RESOURCE_EXHAUSTED, "SLOW_CONSUMER"}); }
  void Failed() override { EndHub({grpc::StatusCode::INTERNAL, "INTERNAL_SERVER_ERROR"}); }

 private:
  void Begin() {
    absl::StatusOr<hub::Subscribing> read = hub::ReadSubscribeRequest(request_);
    if (!read.ok()) {
      return EndHub(hub::ToGrpcStatus(read.status()));
    }
    subscribing_ = *std::move(read);
    if (subscribing_.snapshot) {
      snapshot_ = hub_->snapshots().Open(
          hub_->shard(), subscribing_.filter,
          [this](hub::SnapshotPart part) { OnSnapshotPart(std::move(part)); });
      return hub_->Ring();
    }
    if (subscribing_.recent > 0) {
      subscribing_.start = hub_->window().Before(subscribing_.recent);
    }
    EnterEngine();
  }
  void EnterEngine() {
    id_ = hub_->shard().Add(this, subscribing_.bookmark_interval);
    hub_->shard().Subscribe(id_, {.tag = 0,
                                  .filter = subscribing_.filter,
                                  .start = subscribing_.start,
                                  .urgent = subscribing_.urgent,
                                  .notify_on_gap = subscribing_.notify_on_gap,
                                  .priority = subscribing_.priority,
                                  .latest_only = subscribing_.latest_only,
                                  .leaves = subscribing_.leaves});
  }
  void OnSnapshotPart(hub::SnapshotPart part) {
    if (!part.status.ok()) {
      return EndHub(hub::ToGrpcStatus(part.status));
    }
    subscribing_.start = part.place;
    snapshot_read_ = part.last;
    to_write_.push_back(hub::EncodeSnapshotPart(part));
    WriteNext();
  }

  // One write at a time: it has left when it has arrived, or, where the client has not read for a
  // while, when there is room for it.
  void WriteNext() {
    if (writing_ || broken_) {
      return;
    }
    if (to_write_.empty()) {
      if (end_.has_value()) {  // the engine may be on the stack
        Later(absl::ZeroDuration(), [this] { EndHub(hub::ToGrpcStatus(*end_)); });
      }
      return;
    }
    writing_ = true;
    Later(Delay(), [this, response = std::move(to_write_.front())] {
      if (!broken_) {
        unread_.push_back(response);
        Give();
        Acknowledge();
      }
    });
    to_write_.pop_front();
  }
  void Acknowledge() {
    if (writing_ && !acknowledged_ && unread_.size() <= kUnread) {
      acknowledged_ = true;
      Later(Delay(), [this] {
        acknowledged_ = writing_ = false;
        hub_ != nullptr ? Written() : void();
      });
    }
  }
  void Written() {
    if (!to_write_.empty() || end_.has_value()) {
      return WriteNext();
    }
    if (id_ != 0) {
      hub_->shard().Written(id_);
    } else if (snapshot_ != nullptr && !snapshot_read_) {
      snapshot_->Next();
      hub_->Ring();
    } else if (snapshot_ != nullptr) {
      snapshot_.reset();
      EnterEngine();
    }
  }
  void EndHub(const grpc::Status& status) {
    LeaveHub();
    Later(Delay(), [this, status] {
      status_ = status;
      Give();
    });
  }
  void LeaveHub() {
    if (SimHub* hub = std::exchange(hub_, nullptr); hub != nullptr) {
      snapshot_.reset();
      hub->shard().Remove(std::exchange(id_, 0));
      hub->Leave(this);
    }
  }

  void Give() {
    if (!reading_ || owner_ == nullptr) {
      return;
    }
    if (!unread_.empty()) {
      reading_ = false;
      const grpc::ByteBuffer response = std::move(unread_.front());
      unread_.pop_front();
      Acknowledge();
      owner_->OnResponse(response);
    } else if (status_.has_value()) {
      EndClient(*status_);
    }
  }
  void EndClient(const grpc::Status& status) {
    if (rpc::HubLink::CallOwner* owner = std::exchange(owner_, nullptr); owner != nullptr) {
      LeaveLink();
      owner->OnCallEnd(status);
    }
  }
  void LeaveLink() {
    if (SimLink* link = std::exchange(link_, nullptr); link != nullptr) {
      std::erase(link->calls_, shared_from_this());
    }
  }

  absl::Duration Delay() { return link_ != nullptr ? link_->Delay() : delay_; }
  // In the order of the calls, as on one connection.
  void Later(absl::Duration wait, World::Task task) {
    last_ = std::max(last_, world_.now() + wait);
    world_.After(last_ - world_.now(), Held(std::move(task)));
  }
  World::Task Held(World::Task task) {
    return [self = shared_from_this(), task = std::move(task)] { task(); };
  }

  World& world_;
  SimLink* link_;  // null: the client has let go
  const absl::Duration delay_ = absl::Milliseconds(1);
  v1::SubscribeRequest request_;
  rpc::HubLink::CallOwner* owner_;
  SimHub* hub_ = nullptr;
  absl::Duration last_ = absl::ZeroDuration();
  bool broken_ = false;

  bool reading_ = false;
  std::deque<grpc::ByteBuffer> unread_;
  std::optional<grpc::Status> status_;

  hub::Subscribing subscribing_;
  SubscriberId id_ = 0;
  std::unique_ptr<hub::SnapshotReader::Snapshot> snapshot_;
  bool snapshot_read_ = false;
  std::deque<grpc::ByteBuffer> to_write_;
  bool writing_ = false;
  bool acknowledged_ = false;
  std::optional<absl::Status> end_;
};

SimLink::~SimLink() {
  for (const auto& call : calls_) {
    call->OnClientGone();
  }
}

rpc::HubLink::Call& SimLink::Open(const v1::SubscribeRequest& request, bool wait_for_hub,
                                  CallOwner& owner) {
  auto call = std::make_shared<SimCall>(*this, request, owner);
  calls_.push_back(call);
  call->Connect(wait_for_hub);
  return *call;
}

void SimLink::Publish(const v1::PublishRequest& request, SimHub::Answer answer) {
  After(Delay(), [this, request, answer = std::move(answer)] {
    SimHub* hub = this->hub();
    if (hub == nullptr) {
      return void(After(Delay(), [answer] { answer(absl::UnavailableError("no hub")); }));
    }
    hub->Publish(request,
                 [this, cuts = cuts_, answer](const absl::StatusOr<v1::PublishResponse>& response) {
                   if (cuts == cuts_) {
                     After(Delay(), [answer, response] { answer(response); });
                   }
                 });
  });
}

void SimLink::Cut(absl::Duration time) {
  cut_until_ = world_.now() + time;
  ++cuts_;
  for (const auto& call : calls_) {
    call->Break();
  }
}

}  // namespace tocsin::simulation
