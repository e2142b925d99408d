// Every method ends each problem after finitely many calls of the model, whatever the model
// returns.

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/hash.hpp"
#include "core/random.hpp"
#include "models/registry.hpp"
#include "tests/methods/make_job.hpp"

namespace jpo {
namespace {

constexpr int kKinds = 14;
constexpr std::int64_t kParameter = 2;
constexpr std::int64_t kObservation = 4;

struct WildSettings : Settings {
  std::int64_t kind = 0;
  double size = 1.0;
  std::int64_t seed = 0;
  void describe(KeyTable& table) override {
    table.add("kind", &kind, {.doc = "kind of model", .min = 0, .max = kKinds - 1});
    table.add("size", &size, {.doc = "size of the observations"});
    table.add("seed", &seed, {.doc = "seed of the random kinds", .min = 0});
  }
};

// Number of rows that all models of this process have solved.
std::int64_t n_row_solved = 0;

// A model of which only kind 0 is regular: y_j = size (m_(j mod 2) - 0.3).
class WildModel final : public ForwardModel {
 public:
  using Settings = WildSettings;
  WildModel(const Settings& settings, const BuildOptions& /*options*/) : settings_(settings) {
    shape_.parameters = {{"a", "b"}, {"", ""}, {-1, -1}, {1, 1}, {0, 0}, {1, 1}};
    shape_.context = {1, 1, false, "", ""};
    shape_.observation = {2, kObservation / 2, false, "", ""};
    shape_.channels_in_time = true;
    shape_.has_tangent = true;
  }
  const ModelShape& shape() const override { return shape_; }

  void sample(std::uint64_t seed, std::span<double> c, std::span<double> m) const override {
    RandomStream stream(seed);
    c[0] = 0.0;
    for (double& value : m) value = stream.uniform() < 0.2 ? 0.0 : stream.uniform(-1.0, 1.0);
  }

  void solve(const Batch& /*c*/, const Batch& m, Batch& y, std::span<SolveStatus> status) override {
    n_row_solved += m.n_problem();
    ++n_call_;
    m_ = m.copy();
    const auto from = m_.read();
    const auto to = y.write();
    for (std::int64_t row = 0; row < m.n_problem(); ++row) {
      status[row] = SolveStatus::converged;
      RandomStream by_call(settings_.seed + 977 * n_call_ + row);
      // The first call makes the observations.
      if (settings_.kind == 7 && n_call_ > 1 && by_call.uniform() < 0.5)
        status[row] = SolveStatus::diverged;
      if (settings_.kind == 8 && n_call_ > 4) status[row] = SolveStatus::solver_failed;
      for (std::int64_t j = 0; j < kObservation; ++j)
        to.row(row)[j] = value(from.row(row), j, by_call);
    }
  }
  void adjoint(const Batch& w, Batch& g) override {
    const auto from = w.read();
    const auto to = g.write();
    for (std::int64_t row = 0; row < w.n_problem(); ++row)
      for (std::int64_t k = 0; k < kParameter; ++k) {
        to.row(row)[k] = 0.0;
        for (std::int64_t j = 0; j < kObservation; ++j)
          to.row(row)[k] += slope(row, j, k) * from.row(row)[j];
      }
  }
  void tangent(const Batch& v, Batch& dy) override {
    const auto from = v.read();
    const auto to = dy.write();
    for (std::int64_t row = 0; row < v.n_problem(); ++row)
      for (std::int64_t j = 0; j < kObservation; ++j) {
        to.row(row)[j] = 0.0;
        for (std::int64_t k = 0; k < kParameter; ++k)
          to.row(row)[j] += slope(row, j, k) * from.row(row)[k];
      }
  }

 private:
  double value(std::span<const double> m, std::int64_t j, RandomStream& by_call) const {
    const double regular = m[j % kParameter] - 0.3;
    RandomStream by_point(hash_values(m, settings_.seed + j));
    switch (settings_.kind) {
      case 1:  // constant, and a gradient of zero
      case 2:  // constant, with a gradient
      case 3:  // constant, with rounding noise as gradient
        return settings_.size;
      case 5:  // random, equal for equal points
        return settings_.size * by_point.uniform(-1.0, 1.0);
      case 6:  // random at each call
        return settings_.size * by_call.uniform(-1.0, 1.0);
      case 9:  // steps
        return regular > 0.0 ? settings_.size : 0.0;
      case 10:  // NaN at some points
        return by_point.uniform() < 0.3 ? std::numeric_limits<double>::quiet_NaN()
                                        : settings_.size * regular;
      case 11:  // the misfit is close to the largest double
        return 1e153 * regular;
      case 12:  // the misfit is smaller than the smallest double
        return 1e-160 * regular;
      case 13:  // a kink
        return settings_.size * std::abs(regular);
      default:
        return settings_.size * regular;
    }
  }
  double slope(std::int64_t row, std::int64_t j, std::int64_t k) const {
    const double regular = j % kParameter == k ? settings_.size : 0.0;
    RandomStream random(hash_values(m_.read().row(row), settings_.seed + 31 * j + k));
    switch (settings_.kind) {
      case 1:
        return 0.0;
      case 3:
        return 1e-16 * settings_.size * random.uniform(-1.0, 1.0);
      case 4:  // of the opposite sign
        return -regular;
      case 5:
      case 6:
        return settings_.size * random.uniform(-1.0, 1.0);
      case 11:
        return 1e153 * (j % kParameter == k ? 1.0 : 0.0);
      case 12:
        return 1e-160 * (j % kParameter == k ? 1.0 : 0.0);
      default:
        return regular;
    }
  }

  WildSettings settings_;
  ModelShape shape_;
  std::uint64_t n_call_ = 0;
  Batch m_;
};
const RegisterModel<WildModel> registered{"wild", "for tests: any loss and gradient"};

constexpr const char* kTypes[] = {"bqnls", "blmvm", "bqnkls", "bqnktr", "bqnktl",
                                  "bncg",  "lmvm",  "cg",     "owlqn",  "nm"};
constexpr int kProblems = 4;
constexpr int kBudget = 20;

std::string deck_of(RandomStream& stream, const std::string& kind) {
  const auto chance = [&](double p) { return stream.uniform() < p; };
  const char* type = kTypes[static_cast<std::size_t>(std::size(kTypes) * stream.uniform())];
  std::string deck = fmt::format(
      "[data]\nn_problem = {}\nnoise = {}\ninverse_crime = {}\n[misfit]\nprior_weight = {}\n"
      "residual_scale = {}\n[model]\nname = \"wild\"\nkind = {}\nsize = {:e}\nseed = {}\n"
      "[network]\nname = \"mlp\"\nhidden = [4]\n[parallel]\nmicro_batch = 2\n",
      kProblems, chance(0.5) ? 0.0 : 0.1, true, chance(0.3) ? 1.0 : 0.0, chance(0.3) ? 1e6 : 1.0,
      static_cast<int>(kKinds * stream.uniform()), std::pow(10.0, stream.uniform(-8.0, 8.0)),
      static_cast<int>(1e6 * stream.uniform()));
  if (kind == "levenberg_marquardt")
    return deck + fmt::format(
                      "[[method]]\nkind = \"levenberg_marquardt\"\nmax_evaluations = {}\n"
                      "linear_solver = \"{}\"\n",
                      kBudget, chance(0.5) ? "cg" : "dense");
  const std::string tao = fmt::format("type = \"{}\"\n", type);
  if (kind == "windows")
    return deck + fmt::format(
                      "[[method]]\nkind = \"windows\"\nstages = 2\nstage_evaluations = {}\n"
                      "last_evaluations = {}\n{}",
                      kBudget / 4, kBudget / 2, tao);
  if (kind == "refine")
    return deck + fmt::format(
                      "[[method]]\nkind = \"tao\"\nmax_evaluations = 5\n{}[[method]]\n"
                      "kind = \"refine\"\nfrom = \"tao\"\nmax_evaluations = {}\n{}",
                      tao, kBudget, tao);
  if (kind == "joint") return deck + "[[method]]\nkind = \"joint\"\nupdates = 5\n";
  const std::string rounds = fmt::format(
      "[[method]]\nkind = \"{}\"\nmax_evaluations = {}\nstart_evaluations = 7\ncandidates = {}\n"
      "patience = {}\nrest = {}\n{}",
      kind, kBudget, chance(0.5) ? 3 : 1, chance(0.5) ? 3 : 0, chance(0.5), tao);
  return deck + rounds + (kind == "bank" ? "updates = 2\nsimulations = 2\nrandom_draws = 2\n" : "");
}

// Runs one method on kProblems random problems. Returns the number of rows solved.
std::int64_t run_random_deck(std::uint64_t seed, const std::string& kind) {
  RandomStream stream(seed);
  const std::string deck = deck_of(stream, kind);
  const std::int64_t before = n_row_solved;
  const int share = kind == "multi_start" || kind == "bank" ? kProblems : 1;
  const Job job = solved_job(deck, {}, MPI_COMM_SELF);
  for (const MethodResult& result : job.results())
    for (std::int64_t row = 0; row < kProblems; ++row) {
      EXPECT_NE(static_cast<int>(result.reason[row]), 0) << deck;
      // A round may begin below the budget. The budget of rounds is a mean over the problems.
      EXPECT_LE(result.ledger.gradient_evaluations()[row], share * kBudget + 20) << deck;
    }
  return n_row_solved - before;
}

// The time limit of the test finds a method that does not end.
void run_random_decks(std::uint64_t n) {
  std::int64_t n_row = 0;
  for (const char* kind : {"levenberg_marquardt", "windows", "refine", "multi_start", "bank"})
    for (std::uint64_t k = 0; k < n; ++k) {
      const std::int64_t rows = run_random_deck(stream_seed(13, "endless", kind, k), kind);
      // Generation, two misfits of each problem, and the budgets of all methods.
      ASSERT_LE(rows, kProblems * (3 + 5 + 4 * kBudget)) << kind << " " << k;
      n_row += rows;
      ASSERT_FALSE(testing::Test::HasFailure()) << kind << " " << k;
    }
  for (std::uint64_t k = 0; k < n / 4; ++k)
    run_random_deck(stream_seed(13, "endless", "joint", k), "joint");
  EXPECT_GT(n_row, static_cast<std::int64_t>(10 * n));
}

TEST(RandomModels, EveryMethodEnds) {
  run_random_decks(60);
}

// Run with --gtest_also_run_disabled_tests by the test with the label long.
TEST(RandomModels, DISABLED_EveryMethodEndsOnManyModels) {
  run_random_decks(1000);
}

}  // namespace
}  // namespace jpo
