#include <algorithm>
#include <cmath>
#include <dlfcn.h>
#include <functional>

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "network/parameter_map.hpp"
#include "network_case.hpp"

namespace jpo {
namespace {

class EveryPrecision : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Precisions, EveryPrecision, testing::Values("float", "double"));

TEST_P(EveryPrecision, TheHashDependsOnEachBit) {
  Network network(make_settings("mlp", GetParam()), make_shape(), 1);
  const std::uint64_t hash = network.weight_hash();
  const std::uint64_t mark = network.weight_mark();
  const std::vector<double> theta = network.weights();
  for (const std::size_t k : {std::size_t{0}, theta.size() / 2, theta.size() - 1}) {
    std::vector<double> changed = theta;
    changed[k] = GetParam() == "float" ? std::nextafter(static_cast<float>(theta[k]), 9.0F)
                                       : std::nextafter(theta[k], 9.0);
    network.set_weights(changed);
    EXPECT_NE(network.weight_hash(), hash) << k;
    EXPECT_NE(network.weight_mark(), mark) << k;
  }
  std::vector<double> swapped = theta;
  std::swap(swapped[0], swapped[1]);
  network.set_weights(swapped);
  EXPECT_NE(network.weight_mark(), mark);
  network.set_weights(theta);
  EXPECT_EQ(network.weight_hash(), hash);
  EXPECT_EQ(network.weight_mark(), mark);
}

// The joint loop uses the gradient in the memory space of the network; it must be the same.
TEST_P(EveryPrecision, TheGradientInItsMemorySpaceIsTheSame) {
  Network network(make_settings("mlp", GetParam()), make_shape(), 1);
  Inputs in;
  const std::vector<std::int64_t> rows = {0, 1, 2};
  std::vector<double> copied(static_cast<std::size_t>(network.n_weight()));
  SpaceArray<double> in_space(network.space(), network.n_weight());
  network.predict(0, in.y, in.c, rows, in.m, 0);
  network.backward(0, in.g, 0, copied);
  network.predict(0, in.y, in.c, rows, in.m, 0);
  network.backward(0, in.g, 0, in_space);
  EXPECT_EQ(in_space.read(), copied);
  EXPECT_TRUE(std::ranges::any_of(copied, [](double value) { return value != 0.0; }));
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

TEST(Network, WeightsAreDrawnFromTheSeedAndRoundTrip) {
  const NetworkSettings settings = make_settings("cnn", "float");
  Network a(settings, make_shape(), 1), b(settings, make_shape(), 1), c(settings, make_shape(), 2);
  EXPECT_EQ(a.weight_hash(), b.weight_hash());
  EXPECT_NE(a.weight_hash(), c.weight_hash());
  c.set_weights(a.weights());
  EXPECT_EQ(a.weight_hash(), c.weight_hash());
}

// Kingma and Ba 2015.
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

// A field on another grid than y cannot be stacked. Each of its components is normalized separately
// and appended to the input of the dense layers.
TEST(Network, AppendsFieldsThatCannotBeStacked) {
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

TEST(Network, UsesOneThreadOfTheLinearAlgebra) {
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

struct Misfit {
  std::string label;
  std::function<void(NetworkSettings&)> change;
  std::vector<std::string> message;  ///< parts of the message: key, value, allowed values
  friend void PrintTo(const Misfit& misfit, std::ostream* out) { *out << misfit.label; }
};

class Misfits : public testing::TestWithParam<Misfit> {};

std::vector<Misfit> misfits() {
  return {
      {"kernel", [](auto& s) { s.kernel = 33; }, {"network.kernel' = 33", "32 points", "up to 32"}},
      {"convolutions",
       [](auto& s) { s.channels = {4, 4, 4, 4, 4, 4}; },
       {"network.kernel' = 3", "convolution5", "2 points"}},
      {"residual",
       [](auto& s) {
         s.channels = {4};
         s.stride = 16;
         s.residual_blocks = 1;
       },
       {"network.kernel' = 3", "convolution1", "2 points"}},
      {"cnn2d_kernel",
       [](auto& s) {
         s.name = "cnn2d";
         s.kernel = 33;
       },
       {"network.kernel' = 33", "32 points"}},
      {"image_channels",
       [](auto& s) {
         s.name = "cnn2d";
         set_key(s, "image_channels", 2);
       },
       {"network.image_channels' = 2", "3 channels", "divisor of 3"}},
      {"unet_levels",
       [](auto& s) {
         s.name = "unet";
         s.channels = {4, 4, 4, 4, 4, 4, 4};
       },
       {"network.kernel' = 3", "down6", "2 points"}},
      {"patch",
       [](auto& s) {
         s.name = "transformer";
         set_key(s, "patch", 5);
       },
       {"network.patch' = 5", "32 grid points", "divisor"}},
      {"patch_beyond_grid",
       [](auto& s) {
         s.name = "transformer";
         set_key(s, "patch", 64);
       },
       {"network.patch' = 64", "32 grid points"}},
      {"one_point",
       [](auto& s) {
         s.channels = {4};
         s.stride = 32;
         s.head = "soft_argmax";
       },
       {"network.head' = \"soft_argmax\"", "has 1 at its output", "dense, pooled"}},
      {"kernel_even", [](auto& s) { s.kernel = 4; }, {"network.kernel' = 4", "3 or 5"}},
      {"no_convolution", [](auto& s) { s.channels = {}; }, {"network.channels' = []"}},
      {"one_level",
       [](auto& s) {
         s.name = "unet";
         s.channels = {4};
       },
       {"network.channels' has 1 entries"}},
      {"heads",
       [](auto& s) {
         s.name = "transformer";
         set_key(s, "n_head", 5);
       },
       {"network.width' = 12", "n_head = 5", "for example 15"}},
      {"mlp_head",
       [](auto& s) {
         s.name = "mlp";
         s.head = "pooled";
       },
       {"network.head' = \"pooled\"", "allowed: dense"}},
  };
}
std::string label_of(const testing::TestParamInfo<Misfit>& misfit) {
  return misfit.param.label;
}
INSTANTIATE_TEST_SUITE_P(Network, Misfits, testing::ValuesIn(misfits()), label_of);

TEST_P(Misfits, AreRefused) {
  NetworkSettings settings = make_settings("cnn", "float");
  EXPECT_NO_THROW(count_weights(settings, make_shape()));
  GetParam().change(settings);
  try {
    settings.check();
    count_weights(settings, make_shape());
    FAIL() << "not refused";
  } catch (const BadInput& refusal) {
    for (const std::string& part : GetParam().message)
      EXPECT_NE(std::string(refusal.what()).find(part), std::string::npos)
          << refusal.what() << "\nlacks: " << part;
  }
}

TEST(Network, RefusesUnusedInputs) {
  NetworkShape shape = make_shape();
  shape.context.n_grid = 16;  // appended
  NetworkSettings settings = make_settings("cnn", "float");
  settings.head = "soft_argmax";
  EXPECT_NO_THROW(count_weights(settings, shape));
  settings.hidden = {};
  EXPECT_THROW(count_weights(settings, shape), BadInput);
}

TEST(ParameterMap, StaysInTheBoxAndHasItsDerivative) {
  const ParameterSpace space = make_shape().parameters;
  for (const char* name : {"tanh", "algebraic"}) {
    const std::vector<ParameterMap> maps = parameter_maps(space, name);
    for (const double z : {-40.0, -1.3, 0.0, 0.4, 25.0}) {
      const double step = 1e-6;
      EXPECT_GE(maps[0].value(z), -1.0);
      EXPECT_LE(maps[0].value(z), 3.0);
      for (const ParameterMap& map : maps)
        EXPECT_NEAR(map.derivative(z), (map.value(z + step) - map.value(z - step)) / (2.0 * step),
                    1e-8);
    }
    EXPECT_EQ(maps[0].value(0.0), 1.0);
    EXPECT_NEAR(maps[0].value(1.0),
                1.0 + 2.0 * (name == std::string("tanh") ? std::tanh(1.0) : std::sqrt(0.5)), 1e-14);
    EXPECT_EQ(maps[1].value(0.0), 5.0);
  }
}

TEST(ParameterMap, IsTheCentreAtZeroForAnyBounds) {
  // lower, upper, centre
  const double cases[][3] = {{-1, 3, 2.5},         {-1, 3, -0.9},        {0, kInfinity, 4},
                             {0, kInfinity, 1e-2}, {-kInfinity, 3, 1.0}, {-kInfinity, 3, -200.0},
                             {2, kInfinity, 1e4}};
  for (const char* name : {"tanh", "algebraic"})
    for (const auto& [lower, upper, centre] : cases) {
      const ParameterSpace space{{"m"}, {"1"}, {lower}, {upper}, {centre}, {2.0}};
      const ParameterMap map = parameter_maps(space, name).front();
      EXPECT_NEAR(map.value(0.0), centre, 1e-12 * std::max(1.0, std::abs(centre)));
      for (const double z : {-300.0, -3.0, -0.5, 0.0, 0.5, 3.0, 300.0}) {
        const double step = 1e-6;
        EXPECT_GE(map.value(z), lower);
        EXPECT_LE(map.value(z), upper);
        EXPECT_NEAR(map.derivative(z), (map.value(z + step) - map.value(z - step)) / (2.0 * step),
                    1e-8 * std::max(1.0, std::abs(centre)));
        EXPECT_LE(map.value(z), map.value(z + 0.1));
        if (std::abs(z) < 3.0) {
          EXPECT_NEAR(map.inverse(map.value(z)), z, 1e-9 * std::max(1.0, std::abs(centre)));
        }
      }
    }
}

// No finite z is mapped to a bound: a centre there is moved inside by 1e-3 of the half width or of
// the scale.
TEST(ParameterMap, MovesACentreOnABound) {
  const ParameterSpace space{{"a", "b"}, {"1", "1"}, {0, 0}, {4, kInfinity}, {4, 0}, {2, 2}};
  const std::vector<ParameterMap> maps = parameter_maps(space, "tanh");
  EXPECT_NEAR(maps[0].value(0.0), 4.0 - 2e-3, 1e-12);
  EXPECT_NEAR(maps[1].value(0.0), 2e-3, 1e-12);
}

}  // namespace
}  // namespace jpo
