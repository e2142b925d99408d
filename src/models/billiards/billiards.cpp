// Billiards: a cue ball at (0, 0) is shot into balls at rest. The position of ball 1 at time T is
// observed.
//
// Hard discs of equal mass, restitution e, no friction, no walls. Free flight is exact and the time
// of a contact solves a quadratic equation: there is no time step and no discretization
// (hard_discs.hpp). m: velocity of the cue at time 0. c: centres of the other balls. y: centre of
// ball 1, the first of them, at T. Adjoint: a reverse sweep over the recorded collisions, with the
// derivatives of their times; exactly zero if ball 1 does not move. y is not differentiable at
// shots that graze a ball, and jumps if two collisions of one ball change their order. Source:
// arXiv 2408.08119; the numbers are not from there. Problems are not interleaved in lanes because
// each has its own sequence of collisions.

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

// Corners of the rectangle of the balls at rest.
constexpr Vector2 kLowest = {0.35, -0.35};
constexpr Vector2 kHighest = {0.85, 0.35};
// Corners of the box of m.
constexpr Vector2 kSlowest = {0.4, -0.6};
constexpr Vector2 kFastest = {1.2, 0.6};
// The true shot moves ball 1 by more than this.
constexpr double kLeastMove = 0.1;
// Largest share of the rectangle that discs of diameter `gap` may cover. Random sequential
// placement jams at a share of 0.547; at 0.3 it takes about ten attempts per ball.
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

// Returns false if a ball could not be placed.
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

// Tests of shots on a table of the prior. Memory is reused between shots.
class Trial {
 public:
  explicit Trial(const Table& table) : table_(table), balls_(table.n_ball) {}

  /// Returns true if (c, m) is allowed as a truth: ball 1 moves far enough and, if the table is
  /// `direct`, the cue hits ball 1 and there is no other collision.
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
  /// Allocates memory for these numbers of collisions [problem].
  void make_room(std::span<const std::int64_t> counts);
  bool has_room() const;

  Table table_;
  GrowingArray<Collision> collisions_;
  /// Number of collisions in the last solve [problem]; -1: the solve failed.
  GrowingArray<std::int64_t> counts_;
  std::vector<std::int64_t> counts_on_host_;
  /// Collisions of problem k are in [first[k], first[k + 1]).
  GrowingArray<std::int64_t> first_;
  std::vector<std::int64_t> first_on_host_;
};

void Billiards::Settings::describe(KeyTable& table) {
  table.add("n_ball", &n_ball,
            {.doc = "number of balls, including the cue", .min = 2, .max = 1000});
  table.add("radius", &radius,
            {.doc = "radius of all balls", .unit = "length", .min = 0, .min_is_open = true});
  table.add("restitution", &restitution,
            {.doc = "ratio of the normal relative speeds after and before a collision",
             .min = 0,
             .max = 1,
             .min_is_open = true});
  table.add("horizon", &horizon,
            {.doc = "time T of the observation",
             .unit = "time",
             .min = 0,
             .max = 1000,
             .min_is_open = true});
  table.add(
      "gap", &gap,
      // The maximum keeps the other balls away from the cue.
      {.doc = "smallest distance of two centres at time 0", .unit = "length", .max = kLowest.x});
  table.add("direct", &direct,
            {.doc = "true: in the true shot the cue hits ball 1 and there is no other collision"});
  table.add("max_collision", &max_collision,
            {.doc = "a solve with more collisions fails (status diverged)", .min = 1, .max = 1e6});
}

void Billiards::Settings::check() const {
  if (gap <= 2.0 * radius)
    throw BadInput(
        fmt::format("key 'model.gap' = {}: must be above 2 radius = {}", gap, 2.0 * radius));
  const double area = (kHighest.x - kLowest.x + gap) * (kHighest.y - kLowest.y + gap);
  const double ball = 0.25 * std::numbers::pi * gap * gap;
  if (static_cast<double>(n_ball - 1) * ball > kMostCovered * area)
    throw BadInput(
        fmt::format("key 'model.n_ball' = {}: with gap = {} at most {} balls can be placed", n_ball,
                    gap, 1 + std::floor(kMostCovered * area / ball)));
  // Random shots must move ball 1 often enough for sample(): this is tested with n_trial shots.
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
  // Memory for as many collisions as balls. It grows for shots with more collisions; these are rare
  // unless the restitution is small.
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
                    "x, y of each ball except the cue at time 0"};
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
  // If no shot is accepted, new balls are placed. check() has verified that accepted shots are
  // frequent, so that in practice the loops find one.
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

// Per problem as many as there are balls, or 1.5 times the last number of collisions if that was
// larger: the next shot of the problem will be similar.
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

const RegisterModel<Billiards> registered{
    "billiards", "cue shot into resting balls; unknown velocity of the cue"};

}  // namespace
}  // namespace jpo
