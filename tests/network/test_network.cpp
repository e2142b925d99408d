#include <algorithm>
#include <cmath>
#include <dlfcn.h>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "network/network.hpp"
#include "network/parameter_map.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kRow = 8;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

NetworkShape make_shape() {
  NetworkShape shape;
  shape.observation = {1, 32, true, "", ""};
  shape.context = {2, 32, true, "", ""};
  shape.parameters = {{"a", "b"},       {"", ""},   {-1.0, -kInfinity},
                      {3.0, kInfinity}, {1.0, 5.0}, {2.0, 0.5}};
  shape.micro_batch = kRow;
  return shape;
}

NetworkSettings make_settings(const std::string& name, const std::string& precision) {
  NetworkSettings settings;
  settings.name = name;
  settings.precision = precision;
  settings.channels = {4, 6};
  settings.hidden = {10};
  settings.activation = "tanh";
  settings.output_spread = 1.0;
  return settings;
}

struct Inputs {
  explicit Inputs(std::int64_t n_row = kRow)
      : y(n_row, 32),
        c(n_row, 64),
        m(n_row, 2),
        g(n_row, 2),
        rows(static_cast<std::size_t>(n_row)) {
    RandomStream stream(4);
    for (Batch* batch : {&y, &c, &g})
      for (double& value : batch->write().values()) value = stream.normal();
    std::iota(rows.begin(), rows.end(), 0);
  }
  Batch y, c, m, g;
  std::vector<std::int64_t> rows;
};

// sum over rows of <g, m(theta)>.
double value_at(Network& network, Inputs& in, std::span<const double> theta) {
  network.set_weights(theta);
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  const auto g = in.g.read();
  const auto m = in.m.read();
  return std::inner_product(g.values().begin(), g.values().end(), m.values().begin(), 0.0);
}

class EveryArchitecture : public testing::TestWithParam<NetworkSettings> {};

TEST_P(EveryArchitecture, BackwardIsTheGradient) {
  Network network(GetParam(), make_shape(), 1);
  Inputs in;
  const std::vector<double> theta = network.weights();
  RandomStream stream(9);
  std::vector<double> direction(theta.size());
  for (double& value : direction)
    value = stream.normal() / std::sqrt(static_cast<double>(theta.size()));
  value_at(network, in, theta);
  std::vector<double> gradient(theta.size());
  network.backward(0, in.g, 0, gradient);
  const double slope =
      std::inner_product(direction.begin(), direction.end(), gradient.begin(), 0.0);
  std::vector<double> errors;
  for (const double step : {1e-2, 5e-3}) {
    std::vector<double> up = theta, down = theta;
    for (std::size_t k = 0; k < theta.size(); ++k) {
      up[k] += step * direction[k];
      down[k] -= step * direction[k];
    }
    errors.push_back(
        std::abs((value_at(network, in, up) - value_at(network, in, down)) / (2.0 * step) - slope));
  }
  EXPECT_LT(errors[1], 1e-3 * std::abs(slope));
  EXPECT_NEAR(std::log2(errors[0] / errors[1]), 2.0, 0.1);  // central differences
}

std::vector<NetworkSettings> architectures() {
  std::vector<NetworkSettings> all;
  all.push_back(make_settings("mlp", "double"));
  all.push_back(make_settings("cnn", "double"));
  all.push_back(make_settings("cnn", "double"));
  all.back().padding = "zero";
  all.back().residual_blocks = 1;
  all.back().output_map = "algebraic";
  all.push_back(make_settings("cnn", "double"));
  all.back().residual_blocks = 2;
  all.back().activation = "gelu";
  return all;
}
INSTANTIATE_TEST_SUITE_P(Architectures, EveryArchitecture, testing::ValuesIn(architectures()));

class EveryPrecision : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Precisions, EveryPrecision, testing::Values("float", "double"));

TEST_P(EveryPrecision, ARowsBitsDependOnItselfOnly) {
  for (const char* name : {"cnn", "mlp"}) {
    Network network(make_settings(name, GetParam()), make_shape(), 1);
    Inputs in;
    network.predict(0, in.y, in.c, in.rows, in.m, 0);
    const Batch all = in.m.copy();
    const std::vector<std::int64_t> some = {5, 2};
    network.predict(0, in.y, in.c, some, in.m, 3);
    for (std::size_t k = 0; k < 2; ++k) {
      EXPECT_EQ(in.m.read().row(3)[k], all.read().row(5)[k]) << name;
      EXPECT_EQ(in.m.read().row(4)[k], all.read().row(2)[k]) << name;
    }
  }
}

// Matrix products round a row by its place, so this needs layers as wide as those in use and
// micro-batches that are no multiple of a block.
TEST_P(EveryPrecision, EmptyPlacesChangeNoOtherAnswer) {
  for (const char* name : {"cnn", "mlp"}) {
    for (const std::int64_t n_row : {3, 7, 32, 33}) {
      NetworkShape shape = make_shape();
      shape.micro_batch = n_row;
      NetworkSettings settings = make_settings(name, GetParam());
      settings.channels = {32, 32};
      settings.hidden = {64, 33};
      Network network(settings, shape, 1);
      Inputs in(n_row);
      network.predict(0, in.y, in.c, in.rows, in.m, 0);
      const Batch all = in.m.copy();
      for (std::int64_t first = 1; first < n_row; ++first) {
        in.rows[static_cast<std::size_t>(first - 1)] = kEmptyPlace;
        network.predict(0, in.y, in.c, in.rows, in.m, 0);
        for (std::int64_t row = first; row < n_row; ++row)
          for (std::size_t k = 0; k < 2; ++k)
            EXPECT_EQ(in.m.read().row(row - first)[k], all.read().row(row)[k])
                << name << ", " << n_row << " rows, first " << first;
      }
    }
  }
}

TEST_P(EveryPrecision, AnEmptyPlaceHasTheGradientOfAZeroOne) {
  Network network(make_settings("cnn", GetParam()), make_shape(), 1);
  Inputs in;
  std::vector<double> zeroed(static_cast<std::size_t>(network.n_weight()));
  std::vector<double> empty(zeroed.size());
  for (double& value : in.g.write().row(2)) value = 0.0;
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  network.backward(0, in.g, 0, zeroed);
  in.rows[2] = kEmptyPlace;
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  const auto g = in.g.write();
  for (std::int64_t row = 2; row + 1 < kRow; ++row)
    std::ranges::copy(g.row(row + 1), g.row(row).begin());
  network.backward(0, in.g, 0, empty);
  EXPECT_EQ(zeroed, empty);
}

TEST_P(EveryPrecision, ARowsBitsDoNotDependOnItsNeighbours) {
  Network network(make_settings("cnn", GetParam()), make_shape(), 1);
  Inputs in;
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  const Batch before = in.m.copy();
  for (std::int64_t row = 0; row < kRow; ++row)
    if (row != 5)
      for (double& value : in.y.write().row(row)) value = 3.0 - value;
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_EQ(in.m.read().row(5)[k], before.read().row(5)[k]);
    EXPECT_NE(in.m.read().row(4)[k], before.read().row(4)[k]);
  }
}

TEST_P(EveryPrecision, SameStepsGiveTheSameWeights) {
  Network a(make_settings("cnn", GetParam()), make_shape(), 1);
  Network b(make_settings("cnn", GetParam()), make_shape(), 1);
  Inputs in;
  std::vector<double> gradient(static_cast<std::size_t>(a.n_weight()));
  for (Network* network : {&a, &b})
    for (int step = 0; step < 5; ++step) {
      network->predict(0, in.y, in.c, in.rows, in.m, 0);
      network->backward(0, in.g, 0, gradient);
      network->step(gradient, 1e-2);
    }
  EXPECT_EQ(a.weights(), b.weights());
  EXPECT_EQ(a.weight_hash(), b.weight_hash());
}

TEST_P(EveryPrecision, TheHashSeesOneBit) {
  Network network(make_settings("mlp", GetParam()), make_shape(), 1);
  const std::uint64_t hash = network.weight_hash();
  const std::vector<double> theta = network.weights();
  for (const std::size_t k : {std::size_t{0}, theta.size() / 2, theta.size() - 1}) {
    std::vector<double> changed = theta;
    changed[k] = GetParam() == "float" ? std::nextafter(static_cast<float>(theta[k]), 9.0F)
                                       : std::nextafter(theta[k], 9.0);
    network.set_weights(changed);
    EXPECT_NE(network.weight_hash(), hash) << k;
  }
  network.set_weights(theta);
  EXPECT_EQ(network.weight_hash(), hash);
}

TEST_P(EveryPrecision, BackwardIsLinearUnderPowersOfTwo) {
  Network network(make_settings("cnn", GetParam()), make_shape(), 1);
  Inputs in;
  std::vector<double> gradient(static_cast<std::size_t>(network.n_weight()));
  std::vector<double> scaled(gradient.size());
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  network.backward(0, in.g, 0, gradient);
  for (double& value : in.g.write().values()) value *= 0x1p-7;
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  network.backward(0, in.g, 0, scaled);
  for (std::size_t k = 0; k < gradient.size(); ++k) EXPECT_EQ(scaled[k], gradient[k] * 0x1p-7);
}

TEST(Network, SlotsKeepTheirOwnGraphs) {
  Network network(make_settings("cnn", "double"), make_shape(), 1);
  Inputs in;
  std::vector<double> alone(static_cast<std::size_t>(network.n_weight())), later(alone.size());
  const std::vector<std::int64_t> first = {0, 1, 2}, second = {3, 4};
  network.predict(0, in.y, in.c, first, in.m, 0);
  network.backward(0, in.g, 0, alone);
  network.predict(0, in.y, in.c, first, in.m, 0);
  network.predict(1, in.y, in.c, second, in.m, 3);
  network.backward(0, in.g, 0, later);
  EXPECT_EQ(alone, later);
}

TEST(Network, StartsNearTheCentre) {
  NetworkSettings settings = make_settings("cnn", "float");
  settings.output_spread = 0.01;
  Network network(settings, make_shape(), 3);
  Inputs in;
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  for (std::int64_t row = 0; row < kRow; ++row) {
    EXPECT_NEAR(in.m.read().row(row)[0], 1.0, 2.0 * 0.02);
    EXPECT_NEAR(in.m.read().row(row)[1], 5.0, 0.5 * 0.02);
    EXPECT_NE(in.m.read().row(row)[0], 1.0);
  }
}

TEST(Network, WeightsAreDrawnFromTheSeedAndRoundTrip) {
  const NetworkSettings settings = make_settings("cnn", "float");
  Network a(settings, make_shape(), 1), b(settings, make_shape(), 1), c(settings, make_shape(), 2);
  EXPECT_EQ(a.weight_hash(), b.weight_hash());
  EXPECT_NE(a.weight_hash(), c.weight_hash());
  c.set_weights(a.weights());
  EXPECT_EQ(a.weight_hash(), c.weight_hash());
}

// Kingma and Ba 2015: the first step is lr g / (|g| + eps); the second from the moments.
TEST(Network, AdamStepsByTheFormula) {
  for (const char* name : {"adam", "adamw"}) {
    Network network(make_settings("mlp", "double"), make_shape(), 1);
    OptimizerSettings optimizer;
    optimizer.name = name;
    optimizer.weight_decay = 0.1;
    network.set_optimizer(optimizer);
    std::vector<double> theta = network.weights();
    std::vector<double> m(theta.size()), v(theta.size()), g(theta.size());
    RandomStream stream(5);
    for (int t = 1; t <= 3; ++t) {
      for (double& value : g) value = stream.normal();
      network.step(g, 0.01);
      for (std::size_t k = 0; k < theta.size(); ++k) {
        const bool decoupled = std::string(name) == "adamw";
        const double gradient = g[k] + (decoupled ? 0.0 : 0.1 * theta[k]);
        if (decoupled) theta[k] -= 0.01 * 0.1 * theta[k];
        m[k] = 0.9 * m[k] + 0.1 * gradient;
        v[k] = 0.999 * v[k] + 0.001 * gradient * gradient;
        theta[k] -= 0.01 * m[k] / (1.0 - std::pow(0.9, t)) /
                    (std::sqrt(v[k] / (1.0 - std::pow(0.999, t))) + 1e-8);
      }
    }
    const auto stepped = network.weights();
    for (std::size_t k = 0; k < theta.size(); ++k) EXPECT_NEAR(stepped[k], theta[k], 1e-12) << name;
  }
}

TEST(Network, NormalizesItsInputs) {
  Network network(make_settings("cnn", "double"), make_shape(), 1);
  ASSERT_EQ(network.n_normalized(), 3);  // a channel of y, two of c
  Inputs in;
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  const Batch plain = in.m.copy();
  for (double& value : in.y.write().values()) value = 8.0 * value + 3.0;
  network.set_normalization({{3.0, 0.0, 0.0}, {8.0, 1.0, 1.0}});
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  for (std::size_t k = 0; k < plain.read().values().size(); ++k)
    EXPECT_NEAR(in.m.read().values()[k], plain.read().values()[k], 1e-12);
}

// What has another grid than y cannot be stacked: each of its components is a group of its own, and
// reaches the dense layers.
TEST(Network, AppendsWhatCannotBeStacked) {
  NetworkShape shape = make_shape();
  shape.context = {1, 64, false, "", ""};
  Network network(make_settings("cnn", "double"), shape, 1);
  ASSERT_EQ(network.n_normalized(), 1 + 64);
  const auto group = network.normalized_group();
  ASSERT_EQ(group.size(), 32U + 64U);
  for (std::int64_t k = 0; k < 32; ++k) EXPECT_EQ(group[static_cast<std::size_t>(k)], 0);
  for (std::int64_t k = 0; k < 64; ++k) EXPECT_EQ(group[static_cast<std::size_t>(32 + k)], 1 + k);
  Inputs in;
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  const Batch plain = in.m.copy();
  Normalization norm{std::vector<double>(65, 0.0), std::vector<double>(65, 1.0)};
  norm.mean[64] = 2.0;
  norm.deviation[64] = 4.0;
  network.set_normalization(norm);
  for (std::int64_t row = 0; row < kRow; ++row) {
    double& last = in.c.write().row(row)[63];
    last = 4.0 * last + 2.0;
  }
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  for (std::size_t k = 0; k < 2 * kRow; ++k)
    EXPECT_NEAR(in.m.read().values()[k], plain.read().values()[k], 1e-12);
  in.c.write().row(0)[63] += 1.0;
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  EXPECT_NE(in.m.read().row(0)[0], plain.read().row(0)[0]);
}

TEST(Network, TakesOneThreadOfTheLinearAlgebra) {
  using Threads = int (*)();
  const auto threads = reinterpret_cast<Threads>(dlsym(RTLD_DEFAULT, "openblas_get_num_threads"));
  const auto set_threads =
      reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  if (threads == nullptr || set_threads == nullptr) return;  // another BLAS
  set_threads(2);
  EXPECT_EQ(threads(), 2);
  start_network_library();
  EXPECT_EQ(threads(), 1);
}

TEST(Network, RefusesWhatDoesNotFit) {
  NetworkSettings settings = make_settings("cnn", "float");
  settings.channels = {4, 4, 4, 4, 4, 4};
  EXPECT_THROW(Network(settings, make_shape(), 1), BadInput);
  NetworkShape shape = make_shape();
  shape.parameters.upper[0] = kInfinity;
  EXPECT_THROW(Network(make_settings("mlp", "float"), shape, 1), BadInput);
  settings.kernel = 4;
  EXPECT_THROW(settings.check(), BadInput);
  settings.kernel = 3;
  settings.channels.clear();
  EXPECT_THROW(settings.check(), BadInput);
}

TEST(ParameterMap, StaysInTheBoxAndPullsBackItsDerivative) {
  const ParameterSpace space = make_shape().parameters;
  for (const char* name : {"tanh", "algebraic"}) {
    const ParameterMap map(space, name);
    for (const double z : {-40.0, -1.3, 0.0, 0.4, 25.0}) {
      std::vector<double> m(2), up(2), down(2), g = {1.0, 1.0}, dz(2);
      const double step = 1e-6;
      map.apply(std::vector{z, z}, m);
      map.apply(std::vector{z + step, z + step}, up);
      map.apply(std::vector{z - step, z - step}, down);
      map.pull_back(std::vector{z, z}, g, dz);
      EXPECT_GE(m[0], -1.0);
      EXPECT_LE(m[0], 3.0);
      for (std::size_t k = 0; k < 2; ++k)
        EXPECT_NEAR(dz[k], (up[k] - down[k]) / (2.0 * step), 1e-8);
    }
    std::vector<double> centre(2);
    map.apply(std::vector{0.0, 0.0}, centre);
    EXPECT_EQ(centre, (std::vector{1.0, 5.0}));
  }
}

}  // namespace
}  // namespace jpo
