#include "cli/text_width.h"

#include <gtest/gtest.h>

namespace tocsin::cli {
namespace {

TEST(TextWidthTest, CountsColumnsAndNotBytes) {
  EXPECT_EQ(WidthOf("abc"), 3u);
  EXPECT_EQ(WidthOf("büro"), 4u);
  EXPECT_EQ(WidthOf("東京"), 4u);
  EXPECT_EQ(WidthOf("🔥x"), 3u);
  EXPECT_EQ(WidthOf("e\u0301"), 1u);   // a combining accent
  EXPECT_EQ(WidthOf("\xff\xe6"), 2u);  // no UTF-8
}

TEST(TextWidthTest, FitsAndCutsWithoutTearingACharacterApart) {
  EXPECT_EQ(FitTo("ab", 4), "ab  ");
  EXPECT_EQ(FitTo("abcdef", 4), "abc…");
  EXPECT_EQ(FitTo("東京都", 4), "東… ");
  EXPECT_EQ(FitTo("東京", 4), "東京");
  EXPECT_EQ(CutTo("abc", 0), "");
  EXPECT_EQ(CutTo("abc", 1), "…");
}

TEST(TextWidthTest, WhatIsFittedHasExactlyThatWidth) {
  for (const char* text : {"", "a", "büro/östlich", "地域-東京", "😀😀😀", "e\u0301e\u0301e\u0301"}) {
    for (size_t width = 0; width < 12; ++width) {
      EXPECT_EQ(WidthOf(FitTo(text, width)), width) << text;
    }
  }
}

}  // namespace
}  // namespace tocsin::cli
