// Parametrized tests of the contract of all registered models. A new model is tested as soon as it
// is registered.

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "inverse/verification.hpp"
#include "models/registry.hpp"
#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

struct Case {
  std::string model;
  std::string label;                            ///< of the test; empty for default settings
  std::map<std::string, std::string> settings;  ///< keys that differ from their defaults
};

// Returns settings with a small grid for models with defaults that take too long for these tests.
// They also apply to `extra_cases`.
std::map<std::string, std::string> test_settings(const std::string& model) {
  if (model == "navier_stokes")
    return {{"n_grid", "24"}, {"horizon", "0.24"}, {"time_step", "0.01"}, {"impulse_width", "0.1"}};
  return {};
}

std::vector<Case> extra_cases() {
  return {{"kuramoto_sivashinsky", "unknown", {{"unknown", "initial_state"}}},
          {"kuramoto_sivashinsky", "scheme", {{"scheme", "fourth_order"}}},
          {"wave_packet", "unknown_amplitude", {{"unknown_amplitude", "true"}}},
          {"billiards", "direct", {{"direct", "true"}}},
          {"billiards", "n_ball", {{"n_ball", "10"}}},
          {"diffusion", "unknown_kappa", {{"unknown_kappa", "true"}}},
          {"diffusion", "n_time", {{"n_time", "5"}}},
          {"diffusion", "both", {{"unknown_kappa", "true"}, {"n_time", "2"}}},
          {"navier_stokes", "cylinder", {{"obstacle", "cylinder"}}},
          {"navier_stokes", "periodic", {{"walls", "false"}}},
          // Memory for 14 of 25 states of 2 x 24 x 24 faces and 16 problems.
          {"navier_stokes", "memory_cap", {{"memory_cap", "2.1"}}}};
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const ModelEntry& entry : registered_models()) cases.push_back({entry.name, "", {}});
  for (Case& extra : extra_cases()) cases.push_back(std::move(extra));
  for (Case& one : cases) one.settings.merge(test_settings(one.model));
  return cases;
}

std::unique_ptr<ForwardModel> make(const Case& c, Resolution resolution = Resolution::inversion) {
  return make_test_model(c.model, c.settings, resolution);
}

class EveryModel : public testing::TestWithParam<Case> {};

TEST_P(EveryModel, PassesItsVerification) {
  const auto model = make(GetParam());
  for (const CheckRow& row : verify_model(*model, {}))
    EXPECT_TRUE(row.passed) << row.name << ": " << row.value << ", limit " << row.limit;
}

TEST_P(EveryModel, FailsWithAGradientThatIsOffByOneInAThousand) {
  const auto model = make(GetParam());
  VerifyOptions options;
  options.gradient_factor = 0.999;
  const auto rows = verify_model(*model, options);
  int n_failed = 0;
  for (const CheckRow& row : rows)
    if (row.name.find("Taylor") != std::string::npos || row.name.find("dot") != std::string::npos)
      n_failed += row.passed ? 0 : 1;
  EXPECT_EQ(n_failed, 2);
}

TEST_P(EveryModel, DrawsInsideItsBoxAndRepeatsItself) {
  const auto model = make(GetParam());
  const ModelShape& shape = model->shape();
  const auto n_c = static_cast<std::size_t>(shape.context.size());
  const auto n_m = static_cast<std::size_t>(shape.parameters.size());
  std::vector<double> c(n_c), m(n_m), c_again(n_c), m_again(n_m), m_other(n_m);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    model->sample(seed, c, m);
    model->sample(seed, c_again, m_again);
    model->sample(seed + 1000, c_again, m_other);
    EXPECT_EQ(m, m_again);
    EXPECT_NE(m, m_other);
    for (std::size_t k = 0; k < n_m; ++k) {
      EXPECT_GE(m[k], shape.parameters.lower[k]);
      EXPECT_LE(m[k], shape.parameters.upper[k]);
    }
  }
}

TEST_P(EveryModel, DescribesItsShapeCompletely) {
  const auto model = make(GetParam());
  const ParameterSpace& space = model->shape().parameters;
  const std::size_t n = space.centre.size();
  for (const std::size_t size : {space.names.size(), space.units.size(), space.lower.size(),
                                 space.upper.size(), space.scale.size()})
    EXPECT_EQ(size, n);
  for (const double scale : space.scale) EXPECT_GT(scale, 0.0);
}

TEST_P(EveryModel, FinerDataAgreeRoughly) {
  const auto model = make(GetParam());
  if (!model->shape().has_finer) return;
  const auto finer = make(GetParam(), Resolution::data);
  Batch context(8, model->shape().context.size());
  Batch m(8, model->shape().parameters.size());
  for (std::int64_t row = 0; row < 8; ++row)
    model->sample(static_cast<std::uint64_t>(row), context.write().row(row), m.write().row(row));
  Batch coarse(8, model->shape().observation.size());
  Batch fine(8, model->shape().observation.size());
  std::vector<SolveStatus> status(8);
  model->solve(context, m, coarse, status);
  finer->solve(context, m, fine, status);
  double error = 0.0, size = 0.0;
  const auto a = coarse.read();
  const auto b = fine.read();
  for (std::size_t k = 0; k < a.values().size(); ++k) {
    error += std::pow(a.values()[k] - b.values()[k], 2);
    size += std::pow(b.values()[k], 2);
  }
  EXPECT_GT(error, 0.0);  // the discretizations differ
  EXPECT_LT(std::sqrt(error / size), 0.2);
}

std::string case_name(const testing::TestParamInfo<Case>& tested) {
  return tested.param.model + (tested.param.label.empty() ? "" : "_" + tested.param.label);
}
INSTANTIATE_TEST_SUITE_P(Registry, EveryModel, testing::ValuesIn(all_cases()), case_name);

TEST(Registry, UniformDrawsCoverTheBox) {
  for (const char* name : {"wave_packet", "kuramoto_sivashinsky"}) {
    const auto model = make_test_model(name, {});
    const ParameterSpace& space = model->shape().parameters;
    std::vector<double> c(model->shape().context.size()), m(space.size());
    std::vector<double> least = space.upper, most = space.lower;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      model->sample(seed, c, m);
      for (std::size_t k = 0; k < m.size(); ++k) {
        least[k] = std::min(least[k], m[k]);
        most[k] = std::max(most[k], m[k]);
      }
    }
    for (std::size_t k = 0; k < m.size(); ++k) {
      const double near = 0.05 * (space.upper[k] - space.lower[k]);
      EXPECT_LT(least[k], space.lower[k] + near) << name;
      EXPECT_GT(most[k], space.upper[k] - near) << name;
    }
  }
}

TEST(Registry, FindsOnlyRegisteredNames) {
  EXPECT_NE(find_model("diffusion"), nullptr);
  EXPECT_EQ(find_model("difusion"), nullptr);
}

}  // namespace
}  // namespace jpo
