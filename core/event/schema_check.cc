#include "core/event/schema_check.h"

#include <google/protobuf/timestamp.pb.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/names.h"
#include "core/event/text.h"

namespace tocsin {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;

// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, as google.protobuf.Timestamp bounds itself.
constexpr int64_t kFirstSecond = -62'135'596'800;
constexpr int64_t kLastSecond = 253'402'300'799;

// ---- what can be wrong in a message ----

struct MessagePlan;

struct FieldPlan {
  const FieldDescriptor* field;
  const MessagePlan* message;  // nullptr: an enum, or a time
};

struct MessagePlan {
  std::vector<FieldPlan> fields;           // enums and messages that stand by themselves
  std::vector<FieldPlan> choices;          // those in a oneof
  const OneofDescriptor* oneof = nullptr;  // the schema has at most one in a message
};

// Of an event and of every message that may be in it.
class Plans {
 public:
  Plans() : event_(Of(*v1::Event::descriptor())), alert_(Of(*v1::Alert::descriptor())) {}
  static const Plans& Get() {
    static const Plans* const plans = new Plans();
    return *plans;
  }
  const MessagePlan& event() const { return event_; }
  const MessagePlan& alert() const { return alert_; }

 private:
  const MessagePlan& Of(const Descriptor& type) {
    const auto [found, is_new] = plans_.try_emplace(&type);
    if (is_new) {
      found->second = std::make_unique<MessagePlan>();
      Fill(type, *plans_[&type]);
    }
    return *plans_[&type];
  }
  // The schema's maps hold texts only, and texts and numbers are checked where they are used.
  void Fill(const Descriptor& type, MessagePlan& plan) {
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
      if (field.is_map() || (!is_message && field.cpp_type() != FieldDescriptor::CPPTYPE_ENUM)) {
        continue;
      }
      const bool nested = is_message && field.message_type() != Timestamp::descriptor();
      const FieldPlan entry{&field, nested ? &Of(*field.message_type()) : nullptr};
      const OneofDescriptor* const oneof = field.real_containing_oneof();
      plan.oneof = oneof != nullptr ? oneof : plan.oneof;
      (oneof != nullptr ? plan.choices : plan.fields).push_back(entry);
    }
  }

  absl::flat_hash_map<const Descriptor*, std::unique_ptr<MessagePlan>> plans_;
  const MessagePlan& event_;
  const MessagePlan& alert_;
};

// ---- the checks ----

absl::Status Bad(const FieldPath& path, std::string_view problem,
                 std::vector<std::string> allowed = {}) {
  return FieldError(ErrorCode::kInvalidMessage, path.Text(), problem, std::move(allowed));
}

absl::Status CheckTimestamp(Timestamp& time, const FieldPath& path) {
  if (time.seconds() < kFirstSecond || time.seconds() > kLastSecond || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return Bad(path, "is out of range",
               {"a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z"});
  }
  time.set_nanos(time.nanos() / 1000 * 1000);
  return absl::OkStatus();
}

absl::Status CheckUnknownFields(const Message& message, const FieldPath& path) {
  const auto& unknown = message.GetReflection()->GetUnknownFields(message);
  if (unknown.empty()) {
    return absl::OkStatus();
  }
  std::vector<std::string> allowed;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    allowed.push_back(message.GetDescriptor()->field(i)->name());
  }
  return Bad(path, absl::StrCat("has an unknown field, number ", unknown.field(0).number()),
             std::move(allowed));
}

absl::Status CheckEnum(int number, const EnumDescriptor& type, const FieldPath& path) {
  if (type.FindValueByNumber(number) != nullptr) {
    return absl::OkStatus();
  }
  return Bad(path, absl::StrCat("is an unknown value, number ", number), EnumNames(type));
}

absl::Status CheckMessage(Message& message, const MessagePlan& plan, const FieldPath& path);

absl::Status CheckSubmessage(Message& message, const FieldPlan& plan, const FieldPath& path) {
  return plan.message == nullptr ? CheckTimestamp(static_cast<Timestamp&>(message), path)
                                 : CheckMessage(message, *plan.message, path);
}

// The schema repeats no enum in an event.
absl::Status CheckField(Message& message, const FieldPlan& plan, const FieldPath& path) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor& field = *plan.field;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    return CheckEnum(reflection.GetEnumValue(message, &field), *field.enum_type(),
                     path / field.name());
  }
  if (!field.is_repeated()) {
    return reflection.HasField(message, &field)
               ? CheckSubmessage(*reflection.MutableMessage(&message, &field), plan,
                                 path / field.name())
               : absl::OkStatus();
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    RETURN_IF_ERROR(CheckSubmessage(*reflection.MutableRepeatedMessage(&message, &field, i), plan,
                                    (path / field.name())[static_cast<size_t>(i)]));
  }
  return absl::OkStatus();
}

absl::Status CheckMessage(Message& message, const MessagePlan& plan, const FieldPath& path) {
  RETURN_IF_ERROR(CheckUnknownFields(message, path));
  for (const FieldPlan& field : plan.fields) {
    RETURN_IF_ERROR(CheckField(message, field, path));
  }
  if (plan.oneof == nullptr) {
    return absl::OkStatus();
  }
  const FieldDescriptor* const chosen =
      message.GetReflection()->GetOneofFieldDescriptor(message, plan.oneof);
  for (const FieldPlan& choice : plan.choices) {
    if (choice.field == chosen) {
      return CheckField(message, choice, path);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckBySchema(v1::Event& event, const FieldPath& path) {
  return CheckMessage(event, Plans::Get().event(), path);
}

absl::Status CheckBySchema(v1::Alert& alert, const FieldPath& path) {
  return CheckMessage(alert, Plans::Get().alert(), path);
}

}  // namespace tocsin
