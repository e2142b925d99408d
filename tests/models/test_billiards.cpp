#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "models/billiards/hard_discs.hpp"
#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

constexpr const char* kModel = "billiards";
constexpr double kHorizon = 2.0;

struct Solved {
  explicit Solved(const std::map<std::string, std::string>& settings, std::int64_t n)
      : model(make_test_model(kModel, settings)),
        c(n, model->shape().context.size()),
        m(n, 2),
        y(n, 2),
        g(n, 2),
        status(static_cast<std::size_t>(n)) {
    for (std::int64_t row = 0; row < n; ++row)
      model->sample(static_cast<std::uint64_t>(row), c.write().row(row), m.write().row(row));
    solve();
  }
  void solve() {
    model->solve(c, m, y, status);
    Batch w(y.n_problem(), 2);
    w.fill(1.0);
    model->adjoint(w, g);
  }
  void shoot_at_centre() {
    for (std::int64_t row = 0; row < m.n_problem(); ++row)
      std::ranges::copy(model->shape().parameters.centre, m.write().row(row).begin());
    solve();
  }
  double move_of_ball(std::int64_t row) const {
    const auto from = c.read().row(row);
    const auto to = y.read().row(row);
    return std::hypot(to[0] - from[0], to[1] - from[1]);
  }
  std::vector<hard_discs::Collision> collisions(std::int64_t row) const {
    const auto positions = c.read().row(row);
    const auto shot = m.read().row(row);
    std::vector<hard_discs::Flight> balls = {{{0, 0}, {shot[0], shot[1]}}};
    for (std::size_t k = 0; k < positions.size(); k += 2)
      balls.push_back({{positions[k], positions[k + 1]}, {0, 0}});
    std::vector<hard_discs::Collision> record;
    hard_discs::run({0.03, 0.8, kHorizon, 1000}, balls, record);
    return record;
  }

  std::unique_ptr<ForwardModel> model;
  Batch c, m, y, g;
  std::vector<SolveStatus> status;
};

TEST(Billiards, DrawsTablesAndShotsFromThePrior) {
  const Solved draws({}, 2000);
  EXPECT_EQ(std::ranges::count(draws.status, SolveStatus::converged), 2000);
  double mean_x = 0.0;
  for (std::int64_t row = 0; row < 2000; ++row) {
    const auto c = draws.c.read().row(row);
    for (std::size_t k = 0; k < c.size(); k += 2) {
      EXPECT_TRUE(c[k] > 0.35 && c[k] < 0.85 && std::abs(c[k + 1]) < 0.35);
      for (std::size_t j = 0; j < k; j += 2)
        EXPECT_GT(std::hypot(c[k] - c[j], c[k + 1] - c[j + 1]), 0.08);
    }
    mean_x += c[2] / 2000.0;
    EXPECT_GT(draws.move_of_ball(row), 0.1);
  }
  EXPECT_NEAR(mean_x, 0.6, 4.0 * 0.5 / std::sqrt(12.0 * 2000.0));
}

// The expected share, 20.4 %, was computed from 20000 draws. Only these problems have a gradient at
// the centre, which is the start of all methods.
TEST(Billiards, ShotAtTheCentreMovesBallOneInAFifthOfTheDraws) {
  Solved draws({}, 4000);
  draws.shoot_at_centre();
  int n_moved = 0;
  for (std::int64_t row = 0; row < 4000; ++row) {
    const bool is_moved = draws.move_of_ball(row) > 0.0;
    const auto g = draws.g.read().row(row);
    EXPECT_EQ(g[0] != 0.0 || g[1] != 0.0, is_moved) << row;
    n_moved += is_moved ? 1 : 0;
  }
  EXPECT_NEAR(n_moved / 4000.0, 0.204, 0.03);
}

TEST(Billiards, BallOneDoesNotMoveIfNothingHitsIt) {
  Solved draws({}, 20);
  for (std::int64_t row = 0; row < 20; ++row) draws.m.write().row(row)[0] = -1.0;
  draws.solve();
  for (std::int64_t row = 0; row < 20; ++row)
    for (std::size_t k = 0; k < 2; ++k) {
      EXPECT_EQ(draws.y.read().row(row)[k], draws.c.read().row(row)[k]);
      EXPECT_EQ(draws.g.read().row(row)[k], 0.0);
    }
}

// With a direct shot only the cue ball and ball 1 collide, so the other balls have no effect.
TEST(Billiards, DirectTruthsHitBallOneOnly) {
  const Solved draws({{"direct", "true"}}, 300);
  Solved alone({{"n_ball", "2"}}, 300);
  for (std::int64_t row = 0; row < 300; ++row) {
    ASSERT_EQ(draws.collisions(row).size(), 1U);
    std::ranges::copy(draws.c.read().row(row).first(2), alone.c.write().row(row).begin());
    std::ranges::copy(draws.m.read().row(row), alone.m.write().row(row).begin());
  }
  alone.solve();
  EXPECT_TRUE(std::ranges::equal(draws.y.read().values(), alone.y.read().values()));
  const Solved any({}, 300);
  int n_indirect = 0;
  for (std::int64_t row = 0; row < 300; ++row) n_indirect += any.collisions(row).size() > 1 ? 1 : 0;
  EXPECT_GT(n_indirect, 30);  // without the key, other shots are drawn too
}

TEST(Billiards, InvalidInputsDiverge) {
  Solved draws({}, 6);
  const Batch y = draws.y.copy();
  const Batch g = draws.g.copy();
  draws.m.write().row(0)[1] = std::numeric_limits<double>::quiet_NaN();
  draws.m.write().row(1)[0] = -std::numeric_limits<double>::infinity();
  draws.m.write().row(2)[0] = 1e200;
  draws.c.write().row(3)[4] = std::numeric_limits<double>::quiet_NaN();
  draws.c.write().row(4)[0] = draws.c.read().row(4)[2] + 0.01;  // two balls overlap
  draws.c.write().row(4)[1] = draws.c.read().row(4)[3];
  draws.solve();
  for (std::size_t row = 0; row < 5; ++row) EXPECT_EQ(draws.status[row], SolveStatus::diverged);
  EXPECT_EQ(draws.status[5], SolveStatus::converged);
  EXPECT_TRUE(std::ranges::equal(draws.y.read().row(5), y.read().row(5)));
  EXPECT_TRUE(std::ranges::equal(draws.g.read().row(5), g.read().row(5)));
}

TEST(Billiards, TooManyCollisionsDiverge) {
  const Solved draws({{"max_collision", "1"}, {"direct", "true"}}, 50);
  EXPECT_EQ(std::ranges::count(draws.status, SolveStatus::converged), 50);
  Solved more({}, 50);
  const auto strict = make_test_model(kModel, {{"max_collision", "1"}});
  strict->solve(more.c, more.m, more.y, more.status);
  for (std::int64_t row = 0; row < 50; ++row)
    EXPECT_EQ(more.status[static_cast<std::size_t>(row)],
              more.collisions(row).size() > 1 ? SolveStatus::diverged : SolveStatus::converged);
}

// The memory for collisions grows: derivatives equal those of a complete record.
TEST(Billiards, RecordsMoreCollisionsThanBalls) {
  constexpr std::size_t n_ball = 27;
  const Solved draws({{"n_ball", "27"}}, 300);
  int n_long = 0;
  for (std::int64_t row = 0; row < 300; ++row) {
    const auto record = draws.collisions(row);
    n_long += record.size() > n_ball ? 1 : 0;
    std::vector<hard_discs::Flight> cotangent(n_ball);
    cotangent[1] = {{1.0, 1.0}, {kHorizon, kHorizon}};
    hard_discs::pull_back({0.03, 0.8, kHorizon, 1000}, record, cotangent);
    EXPECT_EQ(draws.g.read().row(row)[0], cotangent[0].velocity.x) << row;
    EXPECT_EQ(draws.g.read().row(row)[1], cotangent[0].velocity.y) << row;
  }
  EXPECT_GT(n_long, 0);
}

TEST(Billiards, RefusesImpossibleTables) {
  const auto message = [](const std::map<std::string, std::string>& settings) -> std::string {
    try {
      make_test_model(kModel, settings);
    } catch (const BadInput& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message({{"radius", "0.05"}}).find("model.gap"), std::string::npos);
  EXPECT_NE(message({{"n_ball", "60"}}).find("at most 28 balls"), std::string::npos);
  EXPECT_NE(message({{"horizon", "0.2"}}).find("model.horizon"), std::string::npos);
  EXPECT_EQ(message({{"n_ball", "28"}}), "");
  EXPECT_EQ(message({{"n_ball", "2"}, {"restitution", "1"}}), "");
}

}  // namespace
}  // namespace jpo
