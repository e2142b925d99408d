// Tests for every architecture and head, in both precisions.

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "network_case.hpp"

namespace jpo {
namespace {

struct Variant {
  std::string label;
  NetworkSettings settings;
  friend void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.label; }
};

std::vector<Variant> variants() {
  std::vector<Variant> all;
  const auto add = [&](const std::string& label, const char* name, auto&& change) {
    all.push_back({label, make_settings(name, "double")});
    change(all.back().settings);
  };
  const auto as_is = [](NetworkSettings&) {};
  const auto with_head = [](const char* head) {
    return [head](NetworkSettings& s) { s.head = head; };
  };
  add("mlp", "mlp", as_is);
  for (const char* name : {"cnn", "cnn2d", "unet", "transformer"}) {
    add(name, name, as_is);
    add(fmt::format("{}_pooled", name), name, with_head("pooled"));
    add(fmt::format("{}_soft_argmax", name), name, with_head("soft_argmax"));
  }
  add("cnn_residual_zero_algebraic", "cnn", [](NetworkSettings& s) {
    s.padding = "zero";
    s.residual_blocks = 1;
    s.output_map = "algebraic";
  });
  add("cnn_residual_gelu", "cnn", [](NetworkSettings& s) {
    s.residual_blocks = 2;
    s.activation = "gelu";
  });
  add("cnn2d_images_residual_zero", "cnn2d", [](NetworkSettings& s) {
    set_key(s, "image_channels", 3);
    s.residual_blocks = 1;
    s.padding = "zero";
  });
  add("unet_three_levels_residual_zero", "unet", [](NetworkSettings& s) {
    s.channels = {4, 5, 6};
    s.stride = 3;  // does not divide the grid
    s.residual_blocks = 1;
    s.padding = "zero";
  });
  add("unet_soft_argmax_algebraic", "unet", [](NetworkSettings& s) {
    s.head = "soft_argmax";
    s.output_map = "algebraic";
    s.reach = 2.0;
    s.temperature = 0.5;
    s.hidden = {};
  });
  add("transformer_gelu_deep", "transformer", [](NetworkSettings& s) {
    s.activation = "gelu";
    set_key(s, "n_block", 4);
    set_key(s, "patch", 4);
  });
  return all;
}

std::string label_of(const testing::TestParamInfo<Variant>& info) {
  return info.param.label;
}

class EveryArchitecture : public testing::TestWithParam<Variant> {
 protected:
  static NetworkSettings settings(const std::string& precision) {
    NetworkSettings settings = GetParam().settings;
    settings.precision = precision;
    return settings;
  }
};
INSTANTIATE_TEST_SUITE_P(Architectures, EveryArchitecture, testing::ValuesIn(variants()), label_of);

constexpr std::array kPrecisions = {"float", "double"};

// Returns the sum over rows of <g, m(theta)>.
double value_at(Network& network, Inputs& in, std::span<const double> theta) {
  network.set_weights(theta);
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  const auto g = in.g.read();
  const auto m = in.m.read();
  return std::inner_product(g.values().begin(), g.values().end(), m.values().begin(), 0.0);
}

TEST_P(EveryArchitecture, BackwardIsTheGradient) {
  Network network(settings("double"), make_shape(), 1);
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

// A weight tensor that the network does not use would have a zero gradient.
TEST_P(EveryArchitecture, EveryWeightTensorIsUsed) {
  Network network(settings("double"), make_shape(), 1);
  Inputs in;
  std::vector<double> gradient(static_cast<std::size_t>(network.n_weight()));
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  network.backward(0, in.g, 0, gradient);
  auto next = gradient.begin();
  for (const auto& [name, size] : weight_sizes(network)) {
    EXPECT_TRUE(std::any_of(next, next + size, [](double g) { return std::abs(g) > 1e-9; }))
        << name;
    next += size;
  }
  EXPECT_EQ(next, gradient.end());
}

TEST_P(EveryArchitecture, ARowsBitsDoNotDependOnItsNeighbours) {
  for (const char* precision : kPrecisions) {
    Network network(settings(precision), make_shape(), 1);
    Inputs in;
    network.predict(0, in.y, in.c, in.rows, in.m, 0);
    const Batch before = in.m.copy();
    for (std::int64_t row = 0; row < kRow; ++row)
      if (row != 5)
        for (double& value : in.y.write().row(row)) value = 3.0 - value;
    network.predict(0, in.y, in.c, in.rows, in.m, 0);
    for (std::size_t k = 0; k < 2; ++k) {
      EXPECT_EQ(in.m.read().row(5)[k], before.read().row(5)[k]) << precision;
      EXPECT_NE(in.m.read().row(4)[k], before.read().row(4)[k]) << precision;
    }
  }
}

// The row must be in the same slot: in another slot a matrix product can round differently
// (AVX-512).
TEST_P(EveryArchitecture, SomeRowsGiveTheSameBitsAsAll) {
  for (const char* precision : kPrecisions) {
    Network network(settings(precision), make_shape(), 1);
    Inputs in;
    network.predict(0, in.y, in.c, in.rows, in.m, 0);
    const Batch all = in.m.copy();
    const std::vector<std::int64_t> some = {kEmptySlot, kEmptySlot, 2, kEmptySlot, kEmptySlot, 5};
    network.predict(0, in.y, in.c, some, in.m, 3);
    for (std::size_t k = 0; k < 2; ++k) {
      EXPECT_EQ(in.m.read().row(3)[k], all.read().row(2)[k]) << precision;
      EXPECT_EQ(in.m.read().row(4)[k], all.read().row(5)[k]) << precision;
    }
  }
}

// The rounding of matrix products depends on the slot. The test therefore uses layers of realistic
// width, and micro-batches that are not a multiple of a block.
TEST_P(EveryArchitecture, EmptySlotsDoNotChangeOtherRows) {
  for (const char* precision : kPrecisions) {
    for (const std::int64_t n_row : {7, 33}) {
      NetworkShape shape = make_shape();
      shape.micro_batch = n_row;
      NetworkSettings wide = settings(precision);
      wide.channels = {32, 32};
      set_key(wide, "width", 66);
      wide.hidden = {64, 33};
      Network network(wide, shape, 1);
      Inputs in(n_row);
      network.predict(0, in.y, in.c, in.rows, in.m, 0);
      const Batch all = in.m.copy();
      for (std::int64_t first = 1; first < n_row; first += 1 + first / 3) {
        for (std::int64_t row = 0; row < first; ++row)
          in.rows[static_cast<std::size_t>(row)] = kEmptySlot;
        network.predict(0, in.y, in.c, in.rows, in.m, 0);
        for (std::int64_t row = first; row < n_row; ++row)
          for (std::size_t k = 0; k < 2; ++k)
            EXPECT_EQ(in.m.read().row(row - first)[k], all.read().row(row)[k])
                << precision << ", " << n_row << " rows, first " << first;
      }
    }
  }
}

TEST_P(EveryArchitecture, AnEmptySlotHasTheGradientOfAZeroRow) {
  for (const char* precision : kPrecisions) {
    Network network(settings(precision), make_shape(), 1);
    Inputs in;
    std::vector<double> zeroed(static_cast<std::size_t>(network.n_weight()));
    std::vector<double> empty(zeroed.size());
    for (double& value : in.g.write().row(2)) value = 0.0;
    network.predict(0, in.y, in.c, in.rows, in.m, 0);
    network.backward(0, in.g, 0, zeroed);
    in.rows[2] = kEmptySlot;
    network.predict(0, in.y, in.c, in.rows, in.m, 0);
    const auto g = in.g.write();
    for (std::int64_t row = 2; row + 1 < kRow; ++row)
      std::ranges::copy(g.row(row + 1), g.row(row).begin());
    network.backward(0, in.g, 0, empty);
    EXPECT_EQ(zeroed, empty) << precision;
  }
}

TEST_P(EveryArchitecture, SameStepsGiveTheSameWeights) {
  for (const char* precision : kPrecisions) {
    Network a(settings(precision), make_shape(), 1);
    Network b(settings(precision), make_shape(), 1);
    Inputs in;
    std::vector<double> gradient(static_cast<std::size_t>(a.n_weight()));
    for (Network* network : {&a, &b})
      for (int step = 0; step < 5; ++step) {
        network->predict(0, in.y, in.c, in.rows, in.m, 0);
        network->backward(0, in.g, 0, gradient);
        network->step(gradient, 1e-2);
      }
    EXPECT_EQ(a.weights(), b.weights()) << precision;
    EXPECT_EQ(a.weight_hash(), b.weight_hash()) << precision;
  }
}

TEST_P(EveryArchitecture, BackwardIsLinearUnderPowersOfTwo) {
  for (const char* precision : kPrecisions) {
    Network network(settings(precision), make_shape(), 1);
    Inputs in;
    std::vector<double> gradient(static_cast<std::size_t>(network.n_weight()));
    std::vector<double> scaled(gradient.size());
    network.predict(0, in.y, in.c, in.rows, in.m, 0);
    network.backward(0, in.g, 0, gradient);
    for (double& value : in.g.write().values()) value *= 0x1p-7;
    network.predict(0, in.y, in.c, in.rows, in.m, 0);
    network.backward(0, in.g, 0, scaled);
    for (double& value : gradient) value *= 0x1p-7;
    EXPECT_EQ(scaled, gradient) << precision;
  }
}

TEST_P(EveryArchitecture, StartsNearTheCentre) {
  NetworkSettings near = settings("float");
  near.output_spread = 0.01;
  Network network(near, make_shape(), 3);
  Inputs in;
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  for (std::int64_t row = 0; row < kRow; ++row) {
    EXPECT_NEAR(in.m.read().row(row)[0], 1.0, 2.0 * 0.02);
    EXPECT_NEAR(in.m.read().row(row)[1], 5.0, 0.5 * 0.02);
    EXPECT_NE(in.m.read().row(row)[0], 1.0);
  }
}

// Inputs that are not on the grid of y are appended in the head, and change the prediction.
TEST_P(EveryArchitecture, AppendedValuesAreUsed) {
  NetworkShape shape = make_shape();
  shape.context = {1, 64, false, "", ""};
  NetworkSettings here = settings("double");
  set_key(here, "image_channels", 1);  // only the one channel of y is stacked
  here.hidden = {10};
  Network network(here, shape, 1);
  Inputs in;
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  const Batch plain = in.m.copy();
  in.c.write().row(0)[63] += 1.0;
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  EXPECT_NE(in.m.read().row(0)[0], plain.read().row(0)[0]);
  EXPECT_EQ(in.m.read().row(1)[0], plain.read().row(1)[0]);
}

}  // namespace
}  // namespace jpo
