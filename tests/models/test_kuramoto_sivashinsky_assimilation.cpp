// Tests the Kuramoto-Sivashinsky model with an unknown initial state: its prior, its observation
// windows, and the growth of errors in the initial state.

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/random.hpp"
#include "inverse/verification.hpp"
#include "models/kuramoto_sivashinsky/fourier.hpp"
#include "tests/models/kuramoto_sivashinsky_draws.hpp"

namespace jpo {
namespace {

const std::map<std::string, std::string> kAssimilation = {{"unknown", "initial_state"}};
constexpr std::int64_t kChannel = 10, kPoint = 16, kMode = 18;

TEST(Assimilation, PassesItsVerificationInTheFourthOrderScheme) {
  auto settings = kAssimilation;
  settings["scheme"] = "fourth_order";
  settings["horizon"] = "10";
  const auto model = make_test_model(kuramoto_sivashinsky_model, settings);
  for (const CheckRow& row : verify_model(*model, {}))
    EXPECT_TRUE(row.passed) << row.name << ": " << row.value << ", limit " << row.limit;
}

// u(0) = C xi has the mean pointwise variance 1 and amplitudes that fall as exp(-(k / 3.2)^2).
// Single draws are not normalized.
TEST(Assimilation, DrawsSmoothStatesOfUnitVariance) {
  constexpr std::int64_t n = 2048;
  const auto model =
      make_test_model(kuramoto_sivashinsky_model, {{"unknown", "initial_state"}, {"horizon", "1"}});
  Batch c(n, 0), m(n, kMode), y(n, kChannel * kPoint);
  for (std::int64_t row = 0; row < n; ++row)
    model->sample(static_cast<std::uint64_t>(row), {}, m.write().row(row));
  std::vector<SolveStatus> status(static_cast<std::size_t>(n));
  model->solve(c, m, y, status);
  double variance = 0.0, spread = 0.0, first = 0.0, third = 0.0;
  for (std::int64_t row = 0; row < n; ++row) {
    const Trajectory trajectory = model->trajectory(row);
    double square = 0.0, cosine = 0.0, cosine3 = 0.0;
    for (std::size_t i = 0; i < 128; ++i) {
      const double phase = 2.0 * M_PI * static_cast<double>(i) / 128.0;
      square += trajectory.states[i] * trajectory.states[i] / 128.0;
      cosine += trajectory.states[i] * std::cos(phase) / 64.0;
      cosine3 += trajectory.states[i] * std::cos(3.0 * phase) / 64.0;
    }
    variance += square / n;
    spread += square * square / n;
    first += cosine * cosine / n;
    third += cosine3 * cosine3 / n;
  }
  EXPECT_NEAR(variance, 1.0, 0.05);
  EXPECT_GT(spread - variance * variance, 0.1);
  EXPECT_NEAR(std::sqrt(third / first), std::exp(-(9.0 - 1.0) / (3.2 * 3.2)), 0.04);
}

struct Window {
  Batch y{20, kChannel*kPoint}, g{20, kMode}, dy{20, kChannel*kPoint};
  double end = 0.0;
};

// Runs solve, adjoint and tangent of the first n channels. Adjoint weights from channel 4 on are
// `beyond`.
Window observe(std::int64_t n, double beyond, const std::string& scheme) {
  const auto model = make_test_model(kuramoto_sivashinsky_model,
                                     {{"unknown", "initial_state"}, {"scheme", scheme}});
  Window result;
  Batch c(20, 0), m(20, kMode), w(20, kChannel * kPoint), v(20, kMode);
  RandomStream stream(3);
  for (std::int64_t row = 0; row < 20; ++row) {
    model->sample(static_cast<std::uint64_t>(row), {}, m.write().row(row));
    for (double& value : v.write().row(row)) value = stream.normal();
    for (double& value : w.write().row(row)) value = stream.normal();
  }
  for (std::int64_t row = 0; row < 20; ++row)
    std::ranges::fill(w.write().row(row).subspan(static_cast<std::size_t>(4 * kPoint)), beyond);
  std::vector<SolveStatus> status(20);
  model->observe_channels(n);
  model->solve(c, m, result.y, status);
  model->adjoint(w, result.g);
  model->tangent(v, result.dy);
  result.end = model->trajectory(7).time.back();
  return result;
}

// A window gives the same bits as the whole horizon with zero weights beyond the window. Values of
// w beyond it are ignored, and the solve ends with the window. Adjoint and tangent of the whole
// horizon are tested in test_registry.cpp.
TEST(Assimilation, AWindowIsTheStartOfTheWholeHorizon) {
  for (const char* scheme : {"second_order", "fourth_order"}) {
    const Window whole = observe(kChannel, 0.0, scheme);
    const Window part = observe(4, 1e3, scheme);
    EXPECT_NEAR(part.end, 10.0, 1e-12);
    EXPECT_NEAR(whole.end, 25.0, 1e-12);
    for (std::int64_t row = 0; row < 20; ++row) {
      for (std::size_t k = 0; k < kMode; ++k)
        EXPECT_EQ(part.g.read().row(row)[k], whole.g.read().row(row)[k]);
      for (std::size_t k = 0; k < static_cast<std::size_t>(4 * kPoint); ++k) {
        EXPECT_EQ(part.y.read().row(row)[k], whole.y.read().row(row)[k]);
        EXPECT_EQ(part.dy.read().row(row)[k], whole.dy.read().row(row)[k]);
      }
    }
  }
}

// States of increasing size with a too long time step: some blow up only after the window, which
// must not count as a failure.
TEST(Assimilation, AFailureBeyondTheWindowDoesNotCount) {
  constexpr std::int64_t n = 64;
  const auto model =
      make_test_model(kuramoto_sivashinsky_model,
                      {{"unknown", "initial_state"}, {"horizon", "100"}, {"time_step", "0.5"}});
  Batch c(n, 0), m(n, kMode), y(n, kChannel * kPoint);
  for (std::int64_t row = 0; row < n; ++row)
    std::ranges::fill(m.write().row(row), 0.1 * static_cast<double>(row));
  std::vector<SolveStatus> status(static_cast<std::size_t>(n));
  const auto n_failed = [&](std::int64_t n_channel) {
    model->observe_channels(n_channel);
    model->solve(c, m, y, status);
    return std::ranges::count(status, SolveStatus::diverged);
  };
  const auto within = n_failed(1);
  EXPECT_GT(within, 0);
  EXPECT_GT(n_failed(kChannel), within);
}

struct Set {
  const char* horizon;
  const char* alpha_max;
  bool assimilates;  ///< alpha = 0, beta = 1
};

// Returns the growth factor of a small smooth error in u(0) until T, the median over draws of the
// prior.
double median_growth(const Set& set) {
  constexpr std::int64_t n = 256, n_grid = 128;
  const auto model = make_test_model(kuramoto_sivashinsky_model,
                                     {{"horizon", set.horizon}, {"alpha_max", set.alpha_max}});
  Batch c(n, n_grid), off(n, n_grid), m(n, 2), y(n, n_grid), y_off(n, n_grid);
  const double size = 1e-6;  // initial error, far above round-off and far below saturation
  for (std::int64_t row = 0; row < n; ++row) {
    std::vector<double> other(2);
    model->sample(static_cast<std::uint64_t>(row), c.write().row(row), m.write().row(row));
    model->sample(static_cast<std::uint64_t>(row + n), off.write().row(row), other);
    if (set.assimilates) std::ranges::copy(std::array{0.0, 1.0}, m.write().row(row).begin());
    for (std::size_t i = 0; i < static_cast<std::size_t>(n_grid); ++i)
      off.write().row(row)[i] = c.read().row(row)[i] + size * off.read().row(row)[i];
  }
  std::vector<SolveStatus> status(static_cast<std::size_t>(n));
  model->solve(c, m, y, status);
  model->solve(off, m, y_off, status);
  std::vector<double> growth;
  for (std::int64_t row = 0; row < n; ++row) {
    double square = 0.0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(n_grid); ++i)
      square += std::pow(y_off.read().row(row)[i] - y.read().row(row)[i], 2);
    growth.push_back(std::sqrt(square / static_cast<double>(n_grid)) / size);
  }
  std::ranges::sort(growth);
  const double median = growth[growth.size() / 2];
  std::cout << fmt::format(
      "T = {}, {}: an error in u(0) grows {:.1f} times\n", set.horizon,
      set.assimilates ? "alpha = 0, beta = 1" : fmt::format("alpha in [-{0}, {0}]", set.alpha_max),
      median);
  return median;
}

// Strong forcing suppresses chaos, so a longer horizon is harder only with weak forcing. The
// printed growth factors are quoted in the decks.
TEST(ErrorGrowth, IsThatOfChaosIfTheForcingIsWeak) {
  const double paper = median_growth({"25", "1", false});
  const double hard = median_growth({"50", "0.3", false});
  const double locked = median_growth({"50", "1", false});
  EXPECT_GT(hard, 3.0 * paper);
  EXPECT_LT(locked, paper);
  const double assimilation = median_growth({"25", "1", true});
  EXPECT_GT(median_growth({"50", "1", true}), 3.0 * assimilation);
}

}  // namespace
}  // namespace jpo
