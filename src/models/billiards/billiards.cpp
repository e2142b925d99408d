// Billiards: a cue ball at (0, 0) is shot into resting balls; observed: ball 1 at time T.
//
// Hard discs of equal mass, restitution e, no friction, no walls. Free flight is exact and the time
// of a contact solves a quadratic: no time step, no discretization (hard_discs.hpp). m = the
// cue's velocity at time 0, c = centres of the other balls, y = centre of ball 1 (the first of
// them) at T. Adjoint: a reverse sweep over the recorded collisions, with the derivatives of their
// times; exactly zero if ball 1 is not moved. y is not differentiable at shots that graze a ball,
// and jumps if two collisions of one ball swap. Source: arXiv 2408.08119; all numbers are our
// choice. Problems are not interleaved: each has its own sequence of collisions.

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "models/batched_model.hpp"
#include "models/billiards/hard_discs.hpp"
#include "models/billiards/physics.hpp"
#include "models/registry.hpp"

namespace jpo {
namespace {

using hard_discs::Collision;
using hard_discs::Flight;
using hard_discs::Rules;
using hard_discs::Vector2;

constexpr Vector2 kLowest = {0.35, -0.35};  // corners of the rectangle of the resting balls
constexpr Vector2 kHighest = {0.85, 0.35};
constexpr Vector2 kSlowest = {0.4, -0.6};  // corners of the box of m
constexpr Vector2 kFastest = {1.2, 0.6};
constexpr double kLeastMove = 0.1;  // of ball 1, by the true shot
// Random sequential placement of balls of diameter `gap` jams at a covered share of 0.547; at 0.3
// it takes about ten tries per ball.
constexpr double kMostCovered = 0.3;
constexpr int kPlaceTry = 1000;
constexpr int kShotTry = 1000;
constexpr int kTableTry = 100;

// The prior of the balls and of the true shot.
struct Table {
  Rules rules;
  std::size_t n_ball;
  double gap;
  bool direct;
};

bool is_clear(std::span<const double> placed, double x, double y, double gap) {
  for (std::size_t k = 0; k < placed.size(); k += 2)
    if (std::pow(placed[k] - x, 2) + std::pow(placed[k + 1] - y, 2) <= gap * gap) return false;
  return true;
}

// False if a ball could not be placed.
bool place_balls(RandomStream& stream, double gap, std::span<double> c) {
  for (std::size_t k = 0; k < c.size(); k += 2) {
    bool is_placed = false;
    for (int attempt = 0; attempt < kPlaceTry && !is_placed; ++attempt) {
      c[k] = stream.uniform(kLowest.x, kHighest.x);
      c[k + 1] = stream.uniform(kLowest.y, kHighest.y);
      is_placed = is_clear(c.first(k), c[k], c[k + 1], gap);
    }
    if (!is_placed) return false;
  }
  return true;
}

void draw_shot(RandomStream& stream, std::span<double> m) {
  m[0] = stream.uniform(kSlowest.x, kFastest.x);
  m[1] = stream.uniform(kSlowest.y, kFastest.y);
}

// Shots on one table of the prior. Memory is reused between shots.
class Trial {
 public:
  explicit Trial(const Table& table) : table_(table), balls_(table.n_ball) {}

  /// True if (c, m) is allowed as a truth: ball 1 moves far enough and, in direct shots, no other
  /// ball is hit.
  bool accepts(std::span<const double> c, std::span<const double> m) {
    record_.clear();
    billiards::set_up(c, m, balls_);
    if (!hard_discs::run(table_.rules, balls_, record_)) return false;
    const Vector2 move = balls_[1].at(table_.rules.horizon) - Vector2{c[0], c[1]};
    if (hard_discs::dot(move, move) <= kLeastMove * kLeastMove) return false;
    return !table_.direct ||
           (record_.size() == 1 && record_[0].first == 0 && record_[0].second == 1);
  }

 private:
  const Table& table_;
  std::vector<Flight> balls_;
  std::vector<Collision> record_;
};

}  // namespace

class Billiards : public BatchedModel {
 public:
  struct Settings : jpo::Settings {
    std::int64_t n_ball = 4;
    double radius = 0.03;
    double restitution = 0.8;
    double horizon = 2.0;
    double gap = 0.08;
    bool direct = false;
    std::int64_t max_collision = 1000;
    void describe(KeyTable& table) override;
    void check() const override;
    Table table() const {
      return {{radius, restitution, horizon, max_collision},
              static_cast<std::size_t>(n_ball),
              gap,
              direct};
    }
  };

  Billiards(const Settings& settings, const BuildOptions& options);

  void sample(std::uint64_t problem_seed, std::span<double> c, std::span<double> m) const override;
  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override;

 private:
  void set_shape(const Settings& settings);
  void set_physics();
  /// Allocates for these numbers of collisions [problem].
  void make_room(std::span<const std::int64_t> counts);
  bool has_room() const;

  Table table_;
  GrowingArray<Collision> collisions_;
  /// Of the last solve [problem]; -1: failed.
  GrowingArray<std::int64_t> counts_;
  std::vector<std::int64_t> counts_on_host_;
  /// Room for the collisions of problem k is [first[k], first[k + 1]).
  GrowingArray<std::int64_t> first_;
  std::vector<std::int64_t> first_on_host_;
};

void Billiards::Settings::describe(KeyTable& table) {
  table.add("n_ball", &n_ball, {.doc = "the cue and the balls at rest", .min = 2, .max = 1000});
  table.add("radius", &radius,
            {.doc = "of every ball", .unit = "length", .min = 0, .min_is_open = true});
  table.add("restitution", &restitution,
            {.doc = "normal relative speed after a collision over that before it",
             .min = 0,
             .max = 1,
             .min_is_open = true});
  table.add("horizon", &horizon,
            {.doc = "time T of the observation",
             .unit = "time",
             .min = 0,
             .max = 1000,
             .min_is_open = true});
  table.add("gap", &gap,
            {.doc = "least distance of two centres at time 0",
             .unit = "length",
             .max = kLowest.x});  // keeps the cue free
  table.add("direct", &direct, {.doc = "true: the truth hits ball 1 and nothing else collides"});
  table.add(
      "max_collision", &max_collision,
      {.doc = "a shot with more collisions counts as diverged; shots of the default prior have "
              "up to about 5, of 27 balls about 40",
       .min = 1,
       .max = 1e6});
}

void Billiards::Settings::check() const {
  if (gap <= 2.0 * radius)
    throw BadInput(
        fmt::format("key 'model.gap' = {}: must be above two radii, {}", gap, 2.0 * radius));
  const double area = (kHighest.x - kLowest.x + gap) * (kHighest.y - kLowest.y + gap);
  const double ball = 0.25 * std::numbers::pi * gap * gap;
  if (static_cast<double>(n_ball - 1) * ball > kMostCovered * area)
    throw BadInput(
        fmt::format("key 'model.n_ball' = {}: with gap = {} at most {} balls can be placed", n_ball,
                    gap, 1 + std::floor(kMostCovered * area / ball)));
  // Shots that move ball 1 must be frequent enough to be drawn: counted by trials.
  constexpr int n_trial = 2000;
  constexpr int n_least = 4;
  const Table trials = table();
  Trial trial(trials);
  RandomStream stream(0);
  std::vector<double> c(2 * trials.n_ball - 2), m(2);
  int n_accepted = 0;
  for (int k = 0; k < n_trial; ++k) {
    if (!place_balls(stream, gap, c)) continue;
    draw_shot(stream, m);
    n_accepted += trial.accepts(c, m) ? 1 : 0;
  }
  if (n_accepted < n_least)
    throw BadInput(
        fmt::format("keys 'model.horizon' = {}, 'model.radius' = {}, 'model.direct' = {}: {} of {} "
                    "random shots move ball 1 by more than {}; at least {} must",
                    horizon, radius, direct, n_accepted, n_trial, kLeastMove, n_least));
}

Billiards::Billiards(const Settings& settings, const BuildOptions& options)
    : BatchedModel(options.space),
      table_(settings.table()),
      collisions_(options.space),
      counts_(options.space),
      first_(options.space) {
  set_shape(settings);
  set_physics();
  // Room for as many collisions as balls. It grows with the longest shot: of more than 4e4 shots of
  // 4, 10 and 27 balls to 1.5 times this at a restitution of 0.8 or 1, to 25 times at 0.05.
  shape_.state_bytes +=
      static_cast<double>(settings.n_ball) * sizeof(Collision) + 2 * sizeof(std::int64_t);
}

void Billiards::set_shape(const Settings& settings) {
  const auto centre = [](double low, double high) { return 0.5 * (low + high); };
  const auto half = [](double low, double high) { return 0.5 * (high - low); };
  shape_.parameters = {{"velocity_x", "velocity_y"},
                       {"length/time", "length/time"},
                       {kSlowest.x, kSlowest.y},
                       {kFastest.x, kFastest.y},
                       {centre(kSlowest.x, kFastest.x), centre(kSlowest.y, kFastest.y)},
                       {half(kSlowest.x, kFastest.x), half(kSlowest.y, kFastest.y)}};
  shape_.context = {1, 2 * (settings.n_ball - 1), false, "length",
                    "x, y of each ball but the cue at time 0"};
  shape_.observation = {1, 2, false, "length", "x, y of ball 1 at T"};
}

void Billiards::set_physics() {
  set_kernels(problem_kernels(billiards::Physics{.rules = table_.rules,
                                                 .n_ball = std::int64_t(table_.n_ball),
                                                 .collisions = collisions_.data(),
                                                 .first = first_.data(),
                                                 .counts = counts_.data()}));
}

void Billiards::sample(std::uint64_t problem_seed, std::span<double> c, std::span<double> m) const {
  RandomStream stream(problem_seed);
  Trial trial(table_);
  // New balls if no shot reaches ball 1. check() has made sure that shots are found: 1e5 tries
  // without one do not happen.
  for (int table = 0; table < kTableTry; ++table) {
    if (!place_balls(stream, table_.gap, c)) continue;
    for (int shot = 0; shot < kShotTry; ++shot) {
      draw_shot(stream, m);
      if (trial.accepts(c, m)) return;
    }
  }
}

void Billiards::solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) {
  const std::int64_t n = m.n_problem();
  if (std::ssize(counts_on_host_) != n) {
    counts_on_host_.assign(n, 0);
    make_room(counts_on_host_);
  }
  const auto run = [&] {
    BatchedModel::solve(c, m, y, status);
    copy_values(MemorySpace::host, counts_on_host_.data(), space(), counts_.data(), n);
  };
  run();
  if (has_room()) return;
  make_room(counts_on_host_);
  run();
}

// As many as there are balls, or 1.5 times the last number if that was larger: the next shot of
// this problem will be similar.
void Billiards::make_room(std::span<const std::int64_t> counts) {
  const std::int64_t n_ball = table_.n_ball;
  first_on_host_.assign(1, 0);
  for (const std::int64_t n : counts)
    first_on_host_.push_back(first_on_host_.back() + std::max(n_ball, n > n_ball ? n + n / 2 : 0));
  first_.reserve(std::ssize(first_on_host_));
  copy_values(space(), first_.data(), MemorySpace::host, first_on_host_.data(),
              std::ssize(first_on_host_));
  collisions_.reserve(first_on_host_.back());
  counts_.reserve(std::ssize(counts));
  set_physics();
}

bool Billiards::has_room() const {
  for (std::size_t k = 0; k < counts_on_host_.size(); ++k)
    if (counts_on_host_[k] > first_on_host_[k + 1] - first_on_host_[k]) return false;
  return true;
}

namespace {
const RegisterModel<Billiards> registered{
    "billiards", "cue shot into resting balls; unknown velocity of the cue"};
}  // namespace

}  // namespace jpo
