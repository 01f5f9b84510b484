#include "core/http/responder.h"

#include "core/base/check.h"
#include "core/event/error.h"
#include "core/http/io_thread.h"
#include "core/http/problem.h"

namespace tocsin::http {

Responder::~Responder() {
  if (io_ != nullptr) {
    std::move(*this).Respond(
        ProblemResponse(MakeError(ErrorCode::kInternal, "the request could not be answered")));
  }
}

void Responder::Respond(HttpResponse response) && {
  IoThread* const io = std::exchange(io_, nullptr);
  TOCSIN_CHECK(io != nullptr);
  if (io->IsCurrent()) {
    if (const auto exchange = exchange_.lock()) {
      exchange->Respond(std::move(response));
    }
    return;
  }
  // The weak reference is locked on the connection's own thread only, so that the connection is
  // also destroyed there.
  io->Post([exchange = std::move(exchange_), response = std::move(response)]() mutable {
    if (const auto held = exchange.lock()) {
      held->Respond(std::move(response));
    }
  });
}

void Responder::Stream(HttpResponse head, MakeStreamOwner make) && {
  IoThread* const io = std::exchange(io_, nullptr);
  TOCSIN_CHECK(io != nullptr && io->IsCurrent());
  if (const auto exchange = exchange_.lock()) {
    exchange->Stream(std::move(head), make);
  }
}

TakenOver Responder::TakeOver() && {
  IoThread* const io = std::exchange(io_, nullptr);
  TOCSIN_CHECK(io != nullptr && io->IsCurrent());
  const auto exchange = exchange_.lock();
  TOCSIN_CHECK(exchange != nullptr);
  return exchange->TakeOver();
}

}  // namespace tocsin::http
