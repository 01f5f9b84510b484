#include <gtest/gtest.h>

#include "core/event/field_path.h"

namespace tocsin {
namespace {

TEST(FieldPathTest, NamesAndIndexesFollowTheRoot) {
  const FieldPath event = FieldPath("events")[3];
  EXPECT_EQ(event.Text(), "events[3]");
  EXPECT_EQ((event / "incident" / "id").Text(), "events[3].incident.id");
  EXPECT_EQ((event / "alert" / "children")[0].Text(), "events[3].alert.children[0]");
}

TEST(FieldPathTest, BelowAnEmptyRootAFieldIsItsName) {
  EXPECT_EQ(FieldPath("").Text(), "");
  EXPECT_EQ((FieldPath("") / "incident" / "id").Text(), "incident.id");
}

TEST(FieldPathTest, APathMadeFromAnotherLeavesItAsItWas) {
  const FieldPath incident = FieldPath("event") / "incident";
  const FieldPath labels = incident / "labels";
  EXPECT_EQ(incident.Text(), "event.incident");
  EXPECT_EQ(labels.Text(), "event.incident.labels");
}

}  // namespace
}  // namespace tocsin
