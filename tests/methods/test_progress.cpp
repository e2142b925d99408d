#include <gtest/gtest.h>

#include "solving/progress.hpp"

namespace jpo {
namespace {

TEST(Duration, HasAUnit) {
  EXPECT_EQ(duration_text(12.3), "12 s");
  EXPECT_EQ(duration_text(600.0), "10 min");
  EXPECT_EQ(duration_text(9000.0), "2.5 h");
}

TEST(ProgressText, HasWorkRateAndTimeLeftWithUnits) {
  EXPECT_EQ(progress_text({.n_done = 541, .n_total = 600, .unit = "updates"}, 0, 120.0),
            "541/600 updates  4.51 updates/s, at most 13 s left");
  EXPECT_EQ(
      progress_text(
          {.n_done = 7506, .n_total = 25600, .unit = "gradient evaluations", .detail = "round 3"},
          0, 60.0),
      "7506/25600 gradient evaluations  round 3  125.1 gradient evaluations/s, at most 2 min "
      "left");
}

TEST(ProgressText, DoesNotCountTheStepsBeforeAResume) {
  EXPECT_EQ(progress_text({.n_done = 30, .n_total = 50, .unit = "updates"}, 20, 5.0),
            "30/50 updates  2 updates/s, at most 10 s left");
}

TEST(ProgressText, HasNoRateBeforeTheFirstStep) {
  EXPECT_EQ(progress_text({.n_done = 0, .n_total = 600, .unit = "updates"}, 0, 5.0),
            "0/600 updates");
  EXPECT_EQ(progress_text({.n_done = 20, .n_total = 50, .unit = "updates"}, 20, 5.0),
            "20/50 updates");
  EXPECT_EQ(progress_text({.n_done = 1, .n_total = 600, .unit = "updates"}, 0, 0.0),
            "1/600 updates");
}

TEST(ProgressText, HasASmallRateWithAllItsDigits) {
  EXPECT_EQ(progress_text({.n_done = 1, .n_total = 3, .unit = "windows"}, 0, 400.0),
            "1/3 windows  0.0025 windows/s, at most 13 min left");
}

TEST(ProgressText, HasNoTimeLeftAtTheEnd) {
  EXPECT_EQ(progress_text({.n_done = 50, .n_total = 50, .unit = "updates"}, 0, 5.0),
            "50/50 updates  10.0 updates/s");
}

}  // namespace
}  // namespace jpo
