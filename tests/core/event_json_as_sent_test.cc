#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/value.hpp>

#include "core/event/json_as_sent.h"
#include "core/event/json_reader.h"

namespace tocsin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(JsonAsSentTest, PartsAreTheValuesOfOneLevel) {
  EXPECT_THAT(JsonParts(R"({"a":1.0,"b":[1,{"c":2}],"d":"x,y}"})"),
              ElementsAre("1.0", R"([1,{"c":2}])", R"("x,y}")"));
  EXPECT_THAT(JsonParts("\n[ -0 , 1E400,\t{} ,[ ] , null ] "),
              ElementsAre("-0", "1E400", "{}", "[ ]", "null"));
  EXPECT_THAT(JsonParts(R"({"a:\"{" : "\\" , "\\":"\"" })"), ElementsAre(R"("\\")", R"("\"")"));
}

TEST(JsonAsSentTest, WhatHasNoPartsHasNone) {
  for (const char* const text : {"{}", " { } ", "[]", "[ \n]", "7", R"("[1]")", "null"}) {
    EXPECT_THAT(JsonParts(text), IsEmpty()) << text;
  }
}

TEST(JsonAsSentTest, AMemberIsFoundByItsNameHoweverThatIsWritten) {
  const std::string text = R"({"b":1,"\u0061":2.50,"":3})";
  boost::json::value value;
  ASSERT_TRUE(ParseJson(text, value).ok());
  EXPECT_EQ(JsonMember(text, value.get_object(), "a"), "2.50");
  EXPECT_EQ(JsonMember(text, value.get_object(), ""), "3");
  EXPECT_EQ(JsonMember(text, value.get_object(), "c"), "");
}

TEST(JsonAsSentTest, CompactedItLacksTheWhiteSpaceBetweenTokens) {
  EXPECT_EQ(CompactJson(" { \"a b\" :\t[ 1.0 ,\r\n\"\\\" x\" ] } "), R"({"a b":[1.0,"\" x"]})");
}

}  // namespace
}  // namespace tocsin
