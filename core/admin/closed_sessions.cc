#include "core/admin/closed_sessions.h"

#include <string>
#include <utility>

#include "core/auth/subject.h"
#include "core/base/planted.h"
#include "core/base/utf8.h"
#include "core/event/time_proto.h"

namespace tocsin {
namespace {

void Cut(std::string& text) { text.resize(Utf8Prefix(text, ClosedSessions::kMaxText).size()); }

}  // namespace

std::string SubjectNameOf(const LiveSession& session) {
  const SubjectPtr subject = session.subject();
  return subject == nullptr ? "" : subject->name;
}

void ClosedSessions::Add(const LiveSession& session, std::string_view code,
                         std::string_view reason) {
  const SessionFace face = session.Face();
  v1::ClosedConnection closed;
  SetTimestamp(*closed.mutable_closed_at(), clock_.Now());
  closed.set_id(session.session_id());
  closed.set_subject(SubjectNameOf(session));
  closed.set_address(face.address);
  closed.set_transport(std::string(face.transport));
  closed.set_label(std::string(face.label));
  SetTimestamp(*closed.mutable_since(), face.since);
  closed.set_code(std::string(code));
  closed.set_reason(std::string(reason));
  Keep(std::move(closed));
}

void ClosedSessions::Keep(v1::ClosedConnection closed) {
  for (std::string* const text : {closed.mutable_subject(), closed.mutable_address(),
                                  closed.mutable_label(), closed.mutable_reason()}) {
    Cut(*text);
  }
  MutexLock lock(mutex_);
  closed_.push_back(std::move(closed));
  if (closed_.size() > kMost && !Planted("closed-unbounded")) {
    closed_.pop_front();
  }
}

std::vector<v1::ClosedConnection> ClosedSessions::Newest(size_t limit,
                                                         std::string_view subject) const {
  std::vector<v1::ClosedConnection> newest;
  MutexLock lock(mutex_);
  for (auto each = closed_.rbegin(); each != closed_.rend() && newest.size() < limit; ++each) {
    if (subject.empty() || each->subject() == subject) {
      newest.push_back(*each);
    }
  }
  return newest;
}

}  // namespace tocsin
