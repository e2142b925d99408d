// Every solve of one problem ends after finitely many requests, whatever its losses and gradients
// are.

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/communicator.hpp"
#include "core/hash.hpp"
#include "core/random.hpp"
#include "solving/per_problem/tao_solve.hpp"

namespace jpo {
namespace {

constexpr const char* kTypes[] = {"bqnls", "blmvm", "bqnkls", "bqnktr", "bqnktl",
                                  "bncg",  "lmvm",  "cg",     "owlqn",  "nm"};
constexpr int kKinds = 14;

struct Point {
  double loss = 0.0;
  Outcome outcome = Outcome::ok;
  std::vector<double> gradient;
};

// An objective of kind k: the first ones are regular, the others are not.
Point objective(int kind, double size, std::span<const double> m, std::uint64_t seed, int n_call) {
  Point point;
  point.gradient.resize(m.size());
  RandomStream by_point(hash_values(m, seed));
  RandomStream by_call(seed + static_cast<std::uint64_t>(n_call));
  double square = 0.0;
  for (const double value : m) square += (value - 0.3) * (value - 0.3);
  const auto fill = [&](auto&& value) {
    for (std::size_t k = 0; k < m.size(); ++k) point.gradient[k] = value(k);
  };
  point.loss = size * square;
  fill([&](std::size_t k) { return 2.0 * size * (m[k] - 0.3); });
  switch (kind) {
    case 0:  // a paraboloid
      break;
    case 1:  // zero
      point.loss = 0.0;
      fill([](std::size_t) { return 0.0; });
      break;
    case 2:  // a constant with a gradient
      point.loss = size;
      break;
    case 3:  // rounding noise as gradient
      point.loss = size;
      fill([&](std::size_t) { return 1e-16 * size * by_point.uniform(-1.0, 1.0); });
      break;
    case 4:  // the gradient of the opposite sign
      fill([&](std::size_t k) { return -2.0 * size * (m[k] - 0.3); });
      break;
    case 5:  // random loss and gradient, equal for equal points
      point.loss = size * by_point.uniform();
      fill([&](std::size_t) { return size * by_point.uniform(-1.0, 1.0); });
      break;
    case 6:  // random at each call
      point.loss = size * by_call.uniform();
      fill([&](std::size_t) { return size * by_call.uniform(-1.0, 1.0); });
      break;
    case 7:  // fails at random
      if (by_call.uniform() < 0.5) point.outcome = Outcome::solve_diverged;
      break;
    case 8:  // fails after the first point
      if (n_call > 0) point.outcome = Outcome::misfit_not_finite;
      break;
    case 9:  // a step, whose slope is not that of the loss
      point.loss = square > 0.5 ? size : 0.0;
      break;
    case 10:  // unbounded from below
      point.loss = -size * m[0];
      fill([&](std::size_t k) { return k == 0 ? -size : 0.0; });
      break;
    case 11:  // nearly the largest double
      point.loss = 1e300 * (1.0 + square);
      fill([&](std::size_t k) { return 1e300 * (m[k] - 0.3); });
      break;
    case 12:  // denormal numbers
      point.loss = 1e-310 * square;
      fill([&](std::size_t k) { return 1e-310 * (m[k] - 0.3); });
      break;
    default:  // |m|, with a kink at the minimum
      point.loss = 0.0;
      for (const double value : m) point.loss += size * std::abs(value);
      fill([&](std::size_t k) { return std::copysign(size, m[k]); });
  }
  return point;
}

ParameterSpace random_space(RandomStream& stream) {
  const auto n = static_cast<std::size_t>(1 + 4 * stream.uniform());
  ParameterSpace space;
  const double infinity = std::numeric_limits<double>::infinity();
  const bool bounded = stream.uniform() < 0.7;
  for (std::size_t k = 0; k < n; ++k) {
    space.names.push_back("m" + std::to_string(k));
    space.units.emplace_back("1");
    space.lower.push_back(bounded ? -1.0 : -infinity);
    space.upper.push_back(bounded ? 1.0 : infinity);
    space.centre.push_back(0.0);
    space.scale.push_back(1.0);
  }
  return space;
}

// Returns the requests of one solve from a random start.
std::int64_t requests_of_random_solve(std::uint64_t seed, std::string& description) {
  RandomStream stream(seed);
  const ParameterSpace space = random_space(stream);
  TaoSolverSettings settings;
  settings.type = kTypes[static_cast<std::size_t>(std::size(kTypes) * stream.uniform())];
  const auto kind = static_cast<int>(kKinds * stream.uniform());
  const double size = std::pow(10.0, stream.uniform(-12.0, 12.0));
  const auto budget = static_cast<std::int64_t>(1 + 60 * stream.uniform());
  const bool from_the_minimum = stream.uniform() < 0.2;
  description =
      settings.type + ", objective " + std::to_string(kind) + ", seed " + std::to_string(seed);
  std::vector<double> start;
  for (std::int64_t k = 0; k < space.size(); ++k)
    start.push_back(from_the_minimum ? 0.3 : stream.uniform(-1.0, 1.0));
  MethodResult result(1, space);
  const std::string prefix = "endless_";
  LiveSolve live(0, [&](LiveSolve& self) {
    GuardedSolve(settings, prefix, space, result, self).run(start, budget);
  });
  int n_call = 0;
  Point point;
  while (live.advance()) {
    point = objective(kind, size, live.point(), seed, n_call++);
    live.set_evaluation({point.loss, point.outcome, point.gradient});
  }
  EXPECT_LE(n_call, budget) << description;
  EXPECT_NE(static_cast<int>(result.reason[0]), 0) << description;
  return n_call;
}

// The time limit of the test finds a solve that does not end: its last line names the solve.
void run_random_solves(std::uint64_t n_solve) {
  const auto rank = static_cast<std::uint64_t>(mpi::rank(MPI_COMM_WORLD));
  std::string description;
  std::int64_t n_call = 0;
  for (std::uint64_t k = 0; k < n_solve; ++k) {
    const std::uint64_t seed = stream_seed(11, "endless", "", rank * n_solve + k);
    n_call += requests_of_random_solve(seed, description);
    ASSERT_FALSE(testing::Test::HasFailure()) << description;
  }
  EXPECT_GT(n_call, static_cast<std::int64_t>(n_solve));
}

TEST(RandomObjectives, EverySolveEnds) {
  run_random_solves(2000);
}

// Run with --gtest_also_run_disabled_tests by the test with the label long.
TEST(RandomObjectives, DISABLED_EveryOfManySolvesEnds) {
  run_random_solves(40000);
}

}  // namespace
}  // namespace jpo
