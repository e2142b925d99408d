#include <string>

#include <gtest/gtest.h>

#include "core/errors.hpp"

namespace jpo {
namespace {

TEST(Errors, AreOneLineForAnyInput) {
  EXPECT_STREQ(BadInput("key 'a\nb\t\x7f': no\r").what(), "key 'a b  ': no ");
  EXPECT_EQ(one_line("short"), "short");
}

TEST(Errors, OmitTheMiddleOfALongText) {
  const std::string text = one_line("start " + std::string(100000, 'x') + " end", 60);
  EXPECT_LE(text.size(), 60U + 5U);
  EXPECT_TRUE(text.starts_with("start x"));
  EXPECT_TRUE(text.ends_with("x end"));
}

TEST(Errors, DoNotSplitACharacter) {
  std::string text;
  for (int k = 0; k < 100; ++k) text += "\u00e9";
  for (std::size_t most = 10; most < 20; ++most) {
    const std::string cut = one_line(text, most);
    const std::size_t dots = cut.find(" ... ");
    ASSERT_NE(dots, std::string::npos);
    EXPECT_EQ(dots % 2, 0U) << most;
    EXPECT_EQ(cut.size() % 2, 1U) << most;  // 5 bytes of " ... "
  }
}

}  // namespace
}  // namespace jpo
