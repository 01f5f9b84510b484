#include "core/http/opening_connection.h"

#include <utility>

namespace tocsin::http {

OpeningConnection::OpeningConnection(IoThread& io, const char* what, Opening opening,
                                     absl::Duration time)
    : io_(io),
      what_(what),
      opening_(std::move(opening)),
      deadline_(io.clock().Monotonic() + time) {}

void OpeningConnection::Start() {
  io_.Add(shared_from_this());
  GuardedStep();
}

void OpeningConnection::GuardedStep() {
  if (!Guarded(what_, [this] { Step(); })) {
    Finish();
  }
}

void OpeningConnection::Tick() {
  if (io_.clock().Monotonic() >= deadline_) {
    TimedOut();
  }
}

void OpeningConnection::Wait(Readiness readiness) {
  stream().Wait(readiness,
                [self = std::static_pointer_cast<OpeningConnection>(shared_from_this())](bool ok) {
                  if (self->open_) {
                    ok ? self->GuardedStep() : self->Finish();
                  }
                });
}

Opening OpeningConnection::Leave() {
  OnLeave();
  open_ = false;
  io_.Remove(*this);
  return std::move(opening_);
}

void OpeningConnection::Finish() {
  if (open_) {
    const auto keep = shared_from_this();
    const Opening left = Leave();
    if (left.stream != nullptr) {
      left.stream->Close();
    }
  }
}

}  // namespace tocsin::http
