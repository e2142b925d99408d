// Compares a device with the host: models with kernels, and the network. If there is no
// device, all tests are skipped but one: the test that the comparison finds small differences.

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/models/make_model.hpp"
#include "tests/network/network_case.hpp"

namespace jpo {
namespace {

using Keys = std::map<std::string, std::string>;

constexpr double kStateTolerance = 1e-12;     // after ten time steps
constexpr double kGradientTolerance = 1e-10;  // of misfits, gradients and networks
constexpr std::int64_t kProblem = 37;         // the last block is not full

/// Returns max |a - b| / max |a|, or infinity if a value is not finite or the sizes differ.
double relative_difference(std::span<const double> a, std::span<const double> b) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (a.size() != b.size() || a.empty()) return infinity;
  double largest = 0.0;
  double difference = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (!std::isfinite(a[k]) || !std::isfinite(b[k])) return infinity;
    largest = std::max(largest, std::abs(a[k]));
    difference = std::max(difference, std::abs(a[k] - b[k]));
  }
  return largest > 0.0 ? difference / largest : difference;
}

std::vector<double> values_of(const Batch& batch) {
  const auto rows = batch.read();
  return {rows.values().begin(), rows.values().end()};
}

void fill(Batch& batch, std::uint64_t seed) {
  RandomStream stream(seed);
  const auto rows = batch.write();
  for (double& value : rows.values()) value = stream.normal();
}

struct Computed {
  std::vector<double> observation, gradient, tangent, states;
  std::vector<SolveStatus> status;
};

Computed compute(const Keys& keys, MemorySpace space) {
  const auto model = make_test_model(keys.at("model"), keys, Resolution::inversion, space);
  const ModelShape& shape = model->shape();
  EXPECT_EQ(shape.space, space) << keys.at("model");
  Batch c(kProblem, shape.context.size(), shape.space);
  Batch m(kProblem, shape.parameters.size(), shape.space);
  Batch y(kProblem, shape.observation.size(), shape.space);
  Batch w(kProblem, y.n_component(), shape.space);
  Batch g(kProblem, m.n_component(), shape.space);
  {
    const auto c_rows = c.write();
    const auto m_rows = m.write();
    for (std::int64_t row = 0; row < kProblem; ++row)
      model->sample(static_cast<std::uint64_t>(7 + row), c_rows.row(row), m_rows.row(row));
  }
  Computed result;
  result.status.resize(kProblem);
  model->solve(c, m, y, result.status);
  fill(w, 3);
  model->adjoint(w, g);
  result.observation = values_of(y);
  result.gradient = values_of(g);
  fill(m, 4);
  model->tangent(m, w);
  result.tangent = values_of(w);
  result.states = model->trajectory(kProblem - 1).states;
  return result;
}

const std::vector<Keys>& cases() {
  static const std::vector<Keys> all = {
      {{"model", "kuramoto_sivashinsky"}, {"horizon", "1.0"}},
      {{"model", "kuramoto_sivashinsky"}, {"horizon", "0.5"}, {"scheme", "fourth_order"}},
      {{"model", "kuramoto_sivashinsky"}, {"horizon", "1.0"}, {"unknown", "initial_state"}},
      {{"model", "navier_stokes"}, {"horizon", "0.1"}, {"time_step", "0.01"}, {"n_grid", "16"}},
      {{"model", "navier_stokes"},
       {"horizon", "0.1"},
       {"time_step", "0.01"},
       {"n_grid", "16"},
       {"walls", "false"},
       {"obstacle", "cylinder"}},
      {{"model", "darcy"}},
      {{"model", "wave_packet"}},
      {{"model", "wave_packet"}, {"unknown_amplitude", "true"}},
      {{"model", "billiards"}},
      // Some shots have more collisions than balls.
      {{"model", "billiards"}, {"n_ball", "27"}, {"restitution", "0.05"}},
  };
  return all;
}

TEST(DeviceComparison, FindsSmallDifferences) {
  const Computed host = compute(cases().front(), MemorySpace::host);
  EXPECT_EQ(relative_difference(host.observation, host.observation), 0.0);
  std::vector<double> other = host.observation;
  const auto largest = std::ranges::max_element(other, {}, [](double x) { return std::abs(x); });
  *largest *= 1.0 + 1e-11;
  EXPECT_GT(relative_difference(host.observation, other), kStateTolerance);
  *largest = std::numeric_limits<double>::quiet_NaN();
  EXPECT_GT(relative_difference(host.observation, other), kGradientTolerance);
  EXPECT_GT(relative_difference(host.observation, {}), kGradientTolerance);
}

class Device : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_cuda_device()) GTEST_SKIP() << "no CUDA device, or a build without CUDA";
    use_cuda_device();
  }
};

TEST_F(Device, ModelsAgreeWithTheHost) {
  for (const Keys& keys : cases()) {
    const Computed host = compute(keys, MemorySpace::host);
    const Computed device = compute(keys, MemorySpace::device);
    SCOPED_TRACE(keys.at("model"));
    EXPECT_EQ(host.status, device.status);
    EXPECT_LE(relative_difference(host.observation, device.observation), kStateTolerance);
    if (!host.states.empty()) {
      EXPECT_LE(relative_difference(host.states, device.states), kStateTolerance);
    }
    EXPECT_LE(relative_difference(host.gradient, device.gradient), kGradientTolerance);
    EXPECT_LE(relative_difference(host.tangent, device.tangent), kGradientTolerance);
  }
}

TEST_F(Device, ComputesTheSameBitsTwice) {
  for (const Keys& keys : cases()) {
    const Computed one = compute(keys, MemorySpace::device);
    const Computed two = compute(keys, MemorySpace::device);
    SCOPED_TRACE(keys.at("model"));
    EXPECT_EQ(one.observation, two.observation);
    EXPECT_EQ(one.gradient, two.gradient);
    EXPECT_EQ(one.tangent, two.tangent);
  }
}

struct NetworkOutputs {
  std::vector<double> m, gradient;
};

NetworkOutputs evaluate_network(const std::string& name, MemorySpace space) {
  NetworkShape shape = make_shape();
  shape.space = space;
  Network network(make_settings(name, "double"), shape, 5);
  Inputs in;
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  NetworkOutputs result{values_of(in.m),
                        std::vector<double>(static_cast<std::size_t>(network.n_weight()))};
  network.backward(0, in.g, 0, result.gradient);
  return result;
}

TEST_F(Device, NetworksAgreeWithTheHost) {
  for (const char* name : {"mlp", "cnn", "cnn2d", "unet", "transformer"}) {
    SCOPED_TRACE(name);
    const NetworkOutputs host = evaluate_network(name, MemorySpace::host);
    const NetworkOutputs device = evaluate_network(name, MemorySpace::device);
    EXPECT_LE(relative_difference(host.m, device.m), kGradientTolerance);
    EXPECT_LE(relative_difference(host.gradient, device.gradient), kGradientTolerance);
    const NetworkOutputs again = evaluate_network(name, MemorySpace::device);
    EXPECT_EQ(device.m, again.m);
    EXPECT_EQ(device.gradient, again.gradient);
  }
}

}  // namespace
}  // namespace jpo
