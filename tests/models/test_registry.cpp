// What every registered model promises, held by one parametrized test. A new model is tested by
// being registered.

#include <cmath>
#include <memory>

#include <gtest/gtest.h>

#include "inverse/verification.hpp"
#include "models/registry.hpp"
#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

struct Case {
  std::string model;
  std::string key;  ///< a setting that differs from its default; empty: none
  std::string value;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const ModelEntry& entry : registered_models()) cases.push_back({entry.name, "", ""});
  cases.push_back({"kuramoto_sivashinsky", "unknown", "initial_state"});
  cases.push_back({"kuramoto_sivashinsky", "scheme", "fourth_order"});
  cases.push_back({"wave_packet", "unknown_amplitude", "true"});
  cases.push_back({"billiards", "direct", "true"});
  cases.push_back({"billiards", "n_ball", "10"});
  return cases;
}

std::unique_ptr<ForwardModel> make(const Case& c) {
  if (c.key.empty()) return make_test_model(c.model, {});
  return make_test_model(c.model, {{c.key, c.value}});
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

TEST_P(EveryModel, DescribesItsShapeWhole) {
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
  const Case& c = GetParam();
  const auto finer = c.key.empty() ? make_test_model(c.model, {}, Resolution::data)
                                   : make_test_model(c.model, {{c.key, c.value}}, Resolution::data);
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
  EXPECT_GT(error, 0.0);  // another discretization, not the same again
  EXPECT_LT(std::sqrt(error / size), 0.2);
}

std::string case_name(const testing::TestParamInfo<Case>& tested) {
  return tested.param.model + (tested.param.key.empty() ? "" : "_" + tested.param.key);
}
INSTANTIATE_TEST_SUITE_P(Registry, EveryModel, testing::ValuesIn(all_cases()), case_name);

TEST(Registry, KnowsNamesAndRefusesOthers) {
  EXPECT_NE(find_model("diffusion"), nullptr);
  EXPECT_EQ(find_model("difusion"), nullptr);
}

}  // namespace
}  // namespace jpo
