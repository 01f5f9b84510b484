// The names of event types and of the other enums.
#include <gtest/gtest.h>

#include <cctype>
#include <string>

#include "core/event/names.h"
#include "tests/core/event_samples.h"

namespace tocsin {
namespace {

TEST(NamesTest, EveryValueOfEveryEnumHasANameThatReadsBack) {
  using google::protobuf::EnumDescriptor;
  for (const EnumDescriptor* type :
       {v1::EventType_descriptor(), v1::Severity_descriptor(), v1::IncidentState_descriptor(),
        v1::IncidentType_descriptor(), v1::AlertStatus_descriptor(),
        v1::ResolutionMethod_descriptor(), v1::Priority_descriptor()}) {
    EXPECT_EQ(EnumNames(*type).size(), static_cast<size_t>(type->value_count()) - 1);
    EXPECT_EQ(EnumName(*type, 0), "");
    EXPECT_EQ(EnumName(*type, -1), "");
    EXPECT_EQ(EnumName(*type, 99), "");
    for (int i = 1; i < type->value_count(); ++i) {
      const std::string name(EnumName(*type, i));
      ASSERT_NE(name, "") << type->value(i)->name();
      std::string upper = name;
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      EXPECT_EQ(EnumNumber(*type, name), i);
      EXPECT_EQ(EnumNumber(*type, upper), i);
      EXPECT_EQ(EnumNumber(*type, type->value(i)->name()), i);
    }
    EXPECT_EQ(EnumNumber(*type, ""), std::nullopt);
    EXPECT_EQ(EnumNumber(*type, type->value(0)->name()), std::nullopt);
  }
}

// The name of a type is the name of its payload's field: paths of errors are made of it.
TEST(NamesTest, EventTypesAreNamedAsTheirPayloads) {
  for (const v1::EventType type : AllEventTypes()) {
    const google::protobuf::FieldDescriptor* const payload =
        v1::Event::descriptor()->FindFieldByNumber(20 + type);
    if (payload != nullptr) {
      EXPECT_EQ(payload->name(), NameOf(type));
    }
  }
}

}  // namespace
}  // namespace tocsin
