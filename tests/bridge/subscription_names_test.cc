#include "bridge/ws/subscription_names.h"

#include <gtest/gtest.h>

namespace tocsin::bridge::ws {
namespace {

bool Always(SubscriptionTag) { return true; }
bool Never(SubscriptionTag) { return false; }

TEST(SubscriptionNamesTest, AnIdIsFoundByItsTagAndATagByItsId) {
  SubscriptionNames names;
  const SubscriptionTag a = names.Add("a");
  const SubscriptionTag b = names.Add("b");
  EXPECT_EQ(names.TagOf("a", Always), a);
  EXPECT_EQ(names.TagOf("b", Always), b);
  EXPECT_EQ(names.TagOf("c", Always), 0u);
  EXPECT_EQ(*names.IdOf(b), "b");
  EXPECT_EQ(names.IdOf(b + 1), nullptr);
  EXPECT_EQ(names.in_use(), 2u);
}

// Its `unsubscribed` still has to be told, by its old tag.
TEST(SubscriptionNamesTest, AnIdMayBeGivenAgainWhileItsLastBearerLeaves) {
  SubscriptionNames names;
  const SubscriptionTag first = names.Add("a");
  names.MarkUnsubscribed(first);
  EXPECT_EQ(names.TagOf("a", Always), 0u);
  EXPECT_EQ(names.in_use(), 0u);
  const SubscriptionTag second = names.Add("a");
  EXPECT_EQ(names.TagOf("a", Always), second);
  EXPECT_EQ(*names.IdOf(first), "a");
  EXPECT_TRUE(names.Forget(first));
  EXPECT_FALSE(names.Forget(first));
  EXPECT_EQ(names.TagOf("a", Always), second);
  EXPECT_EQ(names.size(), 1u);
}

TEST(SubscriptionNamesTest, WhatTheEngineHasNoMoreIsNotThere) {
  SubscriptionNames names;
  names.Add("a");
  EXPECT_EQ(names.TagOf("a", Never), 0u);
}

TEST(SubscriptionNamesTest, TheHeadHasTheIdsInTheOrderOfSubscribing) {
  SubscriptionNames names;
  const SubscriptionTag tags[] = {names.Add("a\"b"), names.Add("c")};
  const SubscriptionTag reversed[] = {tags[1], tags[0]};
  const std::string both = names.HeadFor(tags);
  EXPECT_EQ(both, R"({"type":"event","subscription_ids":["a\"b","c")");
  EXPECT_EQ(names.HeadFor(reversed), both);
  EXPECT_EQ(names.HeadFor(std::span(tags).first(1)),
            R"({"type":"event","subscription_ids":["a\"b")");
}

}  // namespace
}  // namespace tocsin::bridge::ws
