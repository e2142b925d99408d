#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/random.hpp"
#include "models/billiards/hard_discs.hpp"

namespace jpo::hard_discs {
namespace {

constexpr double kRadius = 0.03;
constexpr double kDiameter = 2.0 * kRadius;

Rules rules_of(double restitution, double horizon) {
  return {kRadius, restitution, horizon, 1000};
}

// Returns n discs without overlap in a square of side 0.6, with velocities roughly to its centre.
std::vector<Flight> random_discs(std::uint64_t seed, std::size_t n) {
  RandomStream stream(seed);
  std::vector<Flight> discs;
  while (discs.size() < n) {
    const Vector2 at = {stream.uniform(0.0, 0.6), stream.uniform(0.0, 0.6)};
    const bool is_clear = std::ranges::all_of(discs, [&](const Flight& other) {
      const Vector2 d = other.origin - at;
      return dot(d, d) > 1.1 * kDiameter * kDiameter;
    });
    if (is_clear)
      discs.push_back(
          {at, Vector2{0.3, 0.3} - at + 0.1 * Vector2{stream.normal(), stream.normal()}});
  }
  return discs;
}

struct Outcome {
  std::vector<Flight> discs;
  std::vector<Collision> record;
  bool ended;
};

Outcome run_from(std::vector<Flight> discs, const Rules& rules) {
  Outcome result{std::move(discs), {}, false};
  result.ended = run(rules, result.discs, result.record);
  return result;
}

Vector2 momentum(const std::vector<Flight>& discs) {
  Vector2 sum;
  for (const Flight& disc : discs) sum = sum + disc.velocity;
  return sum;
}

double energy(const std::vector<Flight>& discs) {
  double sum = 0.0;
  for (const Flight& disc : discs) sum += 0.5 * dot(disc.velocity, disc.velocity);
  return sum;
}

double norm(Vector2 a) {
  return std::sqrt(dot(a, a));
}

Vector2 rotated(Vector2 a, double angle) {
  return {std::cos(angle) * a.x - std::sin(angle) * a.y,
          std::sin(angle) * a.x + std::cos(angle) * a.y};
}

// A disc with speed V hits a disc at rest, a distance D ahead and h aside, after a path of
// D - sqrt(4 r^2 - h^2). The second disc moves along the line of centres with (1 + e) / 2 of the
// normal speed. Its final position is linear in V, which gives the derivative along the shot.
TEST(HardDiscs, MatchesTheClosedFormOfTwo) {
  constexpr double V = 0.9, D = 0.5, T = 1.7, e = 0.8;
  for (const double angle : {0.0, 0.4, -2.0})
    for (const double h : {0.0, 0.02, -0.05, 0.059}) {
      const double along = std::sqrt(kDiameter * kDiameter - h * h);
      const Vector2 centres = {along / kDiameter, h / kDiameter};
      const double factor = 0.5 * (1.0 + e) * centres.x;
      const Vector2 expected = Vector2{D, h} + factor * (V * T - (D - along)) * centres;
      const Outcome result = run_from(
          {{{0, 0}, rotated({V, 0}, angle)}, {rotated({D, h}, angle), {0, 0}}}, rules_of(e, T));
      ASSERT_EQ(result.record.size(), 1U);
      EXPECT_NEAR(result.record[0].time, (D - along) / V, 1e-15);
      EXPECT_LT(norm(result.discs[1].at(T) - rotated(expected, angle)), 1e-14);
      std::vector<Flight> tangent = {{{0, 0}, rotated({1, 0}, angle)}, {}};
      push_forward(rules_of(e, T), result.record, tangent);
      EXPECT_LT(norm(tangent[1].at(T) - rotated(factor * T * centres, angle)), 1e-12);
    }
}

TEST(HardDiscs, HitsOnlyDiscsInItsPath) {
  const auto n_collision = [](double h) {
    return run_from({{{0, 0}, {1, 0}}, {{0.5, h}, {0, 0}}}, rules_of(0.8, 2.0)).record.size();
  };
  EXPECT_EQ(n_collision(kDiameter * 0.999), 1U);
  EXPECT_EQ(n_collision(kDiameter * 1.001), 0U);
  // Normal speeds of 1e-5 and 1e-7 of the relative speed: a hit and, by definition, a miss.
  EXPECT_EQ(n_collision(kDiameter * std::sqrt(1.0 - 1e-10)), 1U);
  EXPECT_EQ(n_collision(kDiameter * std::sqrt(1.0 - 1e-14)), 0U);
  EXPECT_EQ(run_from({{{0, 0}, {-1, 0}}, {{0.5, 0}, {0, 0}}}, rules_of(0.8, 9.0)).record.size(),
            0U);
}

// Compares two runs for each collision: one ends at its time, the other just after it.
TEST(HardDiscs, KeepsMomentumAndLosesTheEnergyOfTheFormula) {
  constexpr double e = 0.8;
  std::size_t n_seen = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto start = random_discs(seed, 8);
    for (const Collision& at : run_from(start, rules_of(e, 1.0)).record) {
      const auto before = run_from(start, rules_of(e, at.time)).discs;
      const auto after = run_from(start, rules_of(e, std::nextafter(at.time, at.time + 1.0))).discs;
      EXPECT_LT(norm(momentum(after) - momentum(before)), 1e-14);
      const Vector2 d = before[static_cast<std::size_t>(at.first)].at(at.time) -
                        before[static_cast<std::size_t>(at.second)].at(at.time);
      EXPECT_NEAR(norm(d), kDiameter, 1e-15);
      const Vector2 u = before[static_cast<std::size_t>(at.first)].velocity -
                        before[static_cast<std::size_t>(at.second)].velocity;
      const double normal_speed = dot(d, u) / norm(d);
      EXPECT_NEAR(energy(before) - energy(after),
                  (1.0 - e * e) * 0.25 * normal_speed * normal_speed, 1e-14);
      ++n_seen;
    }
  }
  EXPECT_GT(n_seen, 50U);
}

// Without loss the energy is constant, and with reversed velocities each disc returns to its start.
TEST(HardDiscs, GoesBackInTimeWithoutLoss) {
  std::size_t n_collision = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto start = random_discs(seed, 5);
    const Rules rules = rules_of(1.0, 0.9);
    const Outcome there = run_from(start, rules);
    EXPECT_NEAR(energy(there.discs), energy(start), 1e-14 * energy(start));
    std::vector<Flight> turned;
    for (const Flight& disc : there.discs)
      turned.push_back({disc.at(rules.horizon), -1.0 * disc.velocity});
    const Outcome back = run_from(turned, rules);
    EXPECT_EQ(back.record.size(), there.record.size());
    n_collision += there.record.size();
    for (std::size_t k = 0; k < start.size(); ++k) {
      EXPECT_LT(norm(back.discs[k].at(rules.horizon) - start[k].origin), 1e-9);
      EXPECT_LT(norm(back.discs[k].velocity + start[k].velocity), 1e-9);
    }
  }
  EXPECT_GT(n_collision, 100U);
}

// Two discs never overlap, so no collision is missed.
TEST(HardDiscs, NeverOverlap) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto start = random_discs(seed, 8);
    for (int k = 0; k <= 200; ++k) {
      const double t = 0.004 * k;
      const auto discs = run_from(start, rules_of(0.8, t)).discs;
      for (std::size_t i = 0; i < discs.size(); ++i)
        for (std::size_t j = i + 1; j < discs.size(); ++j)
          ASSERT_GT(norm(discs[i].at(t) - discs[j].at(t)), kDiameter - 1e-12)
              << seed << " at " << t;
    }
  }
}

// One disc hits two others at the same time. The pair with the smaller indices is first, for any
// positions of the discs.
TEST(HardDiscs, BreaksTiesByIndex) {
  for (const double side : {0.04, -0.04}) {
    const Outcome result = run_from(
        {{{0, 0}, {1, 0}}, {{0.5, side}, {0, 0}}, {{0.5, -side}, {0, 0}}}, rules_of(0.8, 2.0));
    ASSERT_GE(result.record.size(), 2U);
    EXPECT_EQ(result.record[0].second, 1);
    EXPECT_EQ(result.record[1].second, 2);
    EXPECT_NEAR(result.record[0].time, result.record[1].time, 1e-15);
  }
}

// Three discs on a line collapse (infinitely many collisions in finite time) if the restitution is
// below 7 - 4 sqrt(3) = 0.0718: McNamara, Young, Phys. Fluids A 4 (1992) 496.
TEST(HardDiscs, StopsAtAnInelasticCollapse) {
  const auto at = [](double restitution) {
    return run_from({{{0, 0}, {1, 0}}, {{0.1, 0}, {0, 0}}, {{0.165, 0}, {-1, 0}}},
                    rules_of(restitution, 100.0));
  };
  for (const double restitution : {0.001, 0.03, 0.05, 0.07}) EXPECT_FALSE(at(restitution).ended);
  EXPECT_TRUE(at(0.1).ended);
}

TEST(HardDiscs, RefusesDiscsThatOverlapAtTheStart) {
  EXPECT_FALSE(run_from({{{0, 0}, {1, 0}}, {{0.059, 0}, {0, 0}}}, rules_of(0.8, 1.0)).ended);
  EXPECT_TRUE(run_from({{{0, 0}, {-1, 0}}, {{0.06, 0}, {0, 0}}}, rules_of(0.8, 1.0)).ended);
}

std::vector<Flight> random_direction(std::uint64_t seed, std::size_t n) {
  RandomStream stream(seed);
  std::vector<Flight> direction(n);
  for (Flight& d : direction)
    d = {{stream.normal(), stream.normal()}, {stream.normal(), stream.normal()}};
  return direction;
}

double product(const std::vector<Flight>& a, const std::vector<Flight>& b) {
  double sum = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k)
    sum += dot(a[k].origin, b[k].origin) + dot(a[k].velocity, b[k].velocity);
  return sum;
}

std::vector<Flight> moved(const std::vector<Flight>& from, const std::vector<Flight>& along,
                          double step) {
  std::vector<Flight> to(from.size());
  for (std::size_t k = 0; k < from.size(); ++k)
    to[k] = {from[k].origin + step * along[k].origin, from[k].velocity + step * along[k].velocity};
  return to;
}

// Tests random directions of positions and velocities, with several collisions.
TEST(HardDiscs, PullBackIsTheTransposeOfPushForward) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Rules rules = rules_of(0.8, 1.0);
    const Outcome result = run_from(random_discs(seed, 6), rules);
    const auto v = random_direction(1000 + seed, 6);
    const auto w = random_direction(2000 + seed, 6);
    auto tangent = v;
    auto cotangent = w;
    push_forward(rules, result.record, tangent);
    pull_back(rules, result.record, cotangent);
    const double size = std::sqrt(product(tangent, tangent) * product(w, w));
    EXPECT_NEAR(product(tangent, w), product(v, cotangent), 1e-13 * size);
  }
}

bool same_sequence(const Outcome& a, const Outcome& b) {
  return std::ranges::equal(a.record, b.record, [](const Collision& x, const Collision& y) {
    return x.first == y.first && x.second == y.second;
  });
}

bool grazes(const Outcome& result) {
  return std::ranges::any_of(result.record, [](const Collision& at) {
    return std::abs(dot(at.normal, at.velocity)) < 0.3 * norm(at.velocity);
  });
}

// Compares only runs in which the sequence of collisions does not change and no collision grazes.
TEST(HardDiscs, PushForwardMatchesDifferenceQuotients) {
  constexpr double step = 5e-7;
  int n_compared = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto start = random_discs(seed, 5);
    const auto along = random_direction(1000 + seed, 5);
    const Rules rules = rules_of(0.8, 1.0);
    const Outcome middle = run_from(start, rules);
    const Outcome plus = run_from(moved(start, along, step), rules);
    const Outcome minus = run_from(moved(start, along, -step), rules);
    if (middle.record.empty() || grazes(middle) || !same_sequence(plus, minus)) continue;
    auto tangent = along;
    push_forward(rules, middle.record, tangent);
    const auto difference = moved(moved(plus.discs, minus.discs, -1.0), tangent, -2.0 * step);
    EXPECT_LT(std::sqrt(product(difference, difference) / product(tangent, tangent)) / (2.0 * step),
              1e-6)
        << seed;
    ++n_compared;
  }
  EXPECT_GT(n_compared, 30);
}

}  // namespace
}  // namespace jpo::hard_discs
