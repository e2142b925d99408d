// Compares architectures with plain loops that implement their formulas.

#include <algorithm>
#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "network_case.hpp"

namespace jpo {
namespace {

constexpr std::size_t kGrid = 32;

using Field = std::vector<std::vector<double>>;  // [channel][point], or [token][feature]
using Values = std::vector<double>;

// Returns the weights of a network by the name of their tensor.
std::map<std::string, Values> named_weights(const Network& network) {
  std::map<std::string, Values> named;
  const Values all = network.weights();
  auto next = all.begin();
  for (const auto& [name, size] : weight_sizes(network)) {
    named[name] = Values(next, next + size);
    next += size;
  }
  return named;
}

// Returns y and the two channels of c of a row.
Field stacked(const Inputs& in, std::int64_t row) {
  const auto y = in.y.read();
  const auto c = in.c.read();
  const auto yr = y.row(row);
  const auto cr = c.row(row);
  return {Values(yr.begin(), yr.end()), Values(cr.begin(), cr.begin() + kGrid),
          Values(cr.begin() + kGrid, cr.end())};
}

std::ptrdiff_t wrap(std::ptrdiff_t j, std::size_t n) {
  const auto size = static_cast<std::ptrdiff_t>(n);
  return (j % size + size) % size;
}

// Returns tanh(conv(x)) with a kernel of three points, and circular or zero padding.
Field convolve(const Field& x, const Values& weight, const Values& bias, std::size_t stride,
               bool circular) {
  Field result(bias.size());
  const auto n = static_cast<std::ptrdiff_t>(x[0].size());
  for (std::size_t out = 0; out < bias.size(); ++out)
    for (std::size_t j = 0; j < x[0].size(); j += stride) {
      double sum = bias[out];
      for (std::size_t channel = 0; channel < x.size(); ++channel)
        for (std::ptrdiff_t k = 0; k < 3; ++k) {
          const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(j) + k - 1;
          if (!circular && (at < 0 || at >= n)) continue;
          sum += weight[(out * x.size() + channel) * 3 + static_cast<std::size_t>(k)] *
                 x[channel][static_cast<std::size_t>(wrap(at, x[0].size()))];
        }
      result[out].push_back(std::tanh(sum));
    }
  return result;
}

Values dense(const Values& x, const Values& weight, const Values& bias) {
  Values result = bias;
  for (std::size_t k = 0; k < bias.size(); ++k)
    for (std::size_t j = 0; j < x.size(); ++j) result[k] += weight[k * x.size() + j] * x[j];
  return result;
}

// Returns the parameters of make_shape() from z of a pooled head without hidden layers.
Values pooled_answer(const Field& features, const std::map<std::string, Values>& w) {
  Values mean;
  for (const Values& feature : features)
    mean.push_back(std::accumulate(feature.begin(), feature.end(), 0.0) /
                   static_cast<double>(feature.size()));
  const Values z = dense(mean, w.at("output.weight"), w.at("output.bias"));
  return {1.0 + 2.0 * std::tanh(z[0]), 5.0 + 0.5 * z[1]};
}

using Reference = std::function<Field(const Field&, const std::map<std::string, Values>&)>;

void expect_equals(const NetworkSettings& settings, const Reference& features) {
  Network network(settings, make_shape(), 1);
  Values theta = network.weights();
  RandomStream stream(8);
  for (double& value : theta) value += 0.1 * stream.normal();  // makes all gains and biases nonzero
  network.set_weights(theta);
  const auto w = named_weights(network);
  Inputs in;
  network.predict(0, in.y, in.c, in.rows, in.m, 0);
  for (std::int64_t row = 0; row < kRow; ++row) {
    const Values expected = pooled_answer(features(stacked(in, row), w), w);
    for (std::size_t k = 0; k < 2; ++k)
      EXPECT_NEAR(in.m.read().row(row)[k], expected[k], 1e-12) << row;
  }
}

NetworkSettings pooled(const char* name) {
  NetworkSettings settings = make_settings(name, "double");
  settings.head = "pooled";
  settings.hidden = {};
  return settings;
}

class Paddings : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Reference, Paddings, testing::Values("auto", "zero"));

TEST_P(Paddings, CnnIsItsFormula) {
  NetworkSettings settings = pooled("cnn");
  settings.padding = GetParam();
  const bool circular = settings.padding == "auto";  // y is periodic
  expect_equals(settings, [&](const Field& x, const auto& w) {
    const Field first =
        convolve(x, w.at("convolution1.weight"), w.at("convolution1.bias"), 2, circular);
    return convolve(first, w.at("convolution2.weight"), w.at("convolution2.bias"), 2, circular);
  });
}

TEST_P(Paddings, UNetIsItsFormula) {
  NetworkSettings settings = pooled("unet");
  settings.channels = {4, 5, 6};
  settings.padding = GetParam();
  const bool circular = settings.padding == "auto";
  expect_equals(settings, [&](const Field& x, const auto& w) {
    const auto stage = [&](const std::string& name, const Field& field, std::size_t stride) {
      return convolve(field, w.at(name + ".weight"), w.at(name + ".bias"), stride, circular);
    };
    const auto beside = [](const Field& coarse, const Field& fine) {
      Field both;
      for (const Values& channel : coarse) {
        both.emplace_back();
        for (const double value : channel) both.back().insert(both.back().end(), 2, value);
      }
      both.insert(both.end(), fine.begin(), fine.end());
      return both;
    };
    const Field fine = stage("down1", x, 1);
    const Field middle = stage("down2", fine, 2);
    const Field coarse = stage("down3", middle, 2);
    return stage("up1", beside(stage("up2", beside(coarse, middle), 1), fine), 1);
  });
}

TEST(Reference, Cnn2dIsItsFormula) {
  NetworkSettings settings = pooled("cnn2d");
  settings.channels = {4};
  expect_equals(settings, [](const Field& x, const auto& w) {
    // Row r of the result is a 1-D convolution of the existing ones of rows r - 1, r, r + 1. The
    // stride is two in both directions; features are [channel][row].
    Field result;
    const Values& weight = w.at("convolution1.weight");  // [4, 1, 3, 3]
    for (std::size_t out = 0; out < 4; ++out)
      for (std::size_t row = 0; row < 3; row += 2) {
        Field rows;
        Values line;
        for (std::size_t k = 0; k < 3; ++k) {
          if (row + k < 1 || row + k > 3) continue;
          rows.push_back(x[row + k - 1]);
          const auto first = weight.begin() + static_cast<std::ptrdiff_t>((out * 3 + k) * 3);
          line.insert(line.end(), first, first + 3);
        }
        result.push_back(convolve(rows, line, {w.at("convolution1.bias")[out]}, 2, true)[0]);
      }
    return result;
  });
}

Values normalized(const Values& x, const Values& gain, const Values& shift) {
  const auto n = static_cast<double>(x.size());
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  double variance = 0.0;
  for (const double value : x) variance += (value - mean) * (value - mean) / n;
  Values result;
  for (std::size_t k = 0; k < x.size(); ++k)
    result.push_back((x[k] - mean) / std::sqrt(variance + 1e-5) * (1.0 + gain[k]) + shift[k]);
  return result;
}

// Returns softmax(q k^T / sqrt(d)) v of each head for each token; d = 4, 3 heads.
Field attention(const Field& x, const std::map<std::string, Values>& w, const std::string& name) {
  Field parts, result;
  for (const Values& token : x)
    parts.push_back(dense(token, w.at(name + ".in.weight"), w.at(name + ".in.bias")));
  for (const Values& of_query : parts) {
    Values output(12, 0.0);
    for (std::size_t head = 0; head < 12; head += 4) {
      Values share;
      for (const Values& of_key : parts) {
        const auto query = of_query.begin() + static_cast<std::ptrdiff_t>(head);
        const auto key = of_key.begin() + static_cast<std::ptrdiff_t>(12 + head);
        share.push_back(std::exp(std::inner_product(query, query + 4, key, 0.0) / 2.0));
      }
      const double total = std::accumulate(share.begin(), share.end(), 0.0);
      for (std::size_t k = head; k < head + 4; ++k)
        for (std::size_t token = 0; token < x.size(); ++token)
          output[k] += share[token] / total * parts[token][24 + k];
    }
    result.push_back(dense(output, w.at(name + ".out.weight"), w.at(name + ".out.bias")));
  }
  return result;
}

void add_to(Field& x, const Field& y) {
  for (std::size_t t = 0; t < x.size(); ++t)
    std::ranges::transform(x[t], y[t], x[t].begin(), std::plus<>());
}

TEST(Reference, TransformerIsItsFormula) {
  NetworkSettings settings = pooled("transformer");  // width 12, 3 heads, patches of 8
  expect_equals(settings, [](const Field& fields, const auto& w) {
    const auto norm = [&](const std::string& name, const Field& x) {
      Field result;
      for (const Values& token : x)
        result.push_back(normalized(token, w.at(name + ".gain"), w.at(name + ".shift")));
      return result;
    };
    Field x;
    for (std::size_t t = 0; t < 4; ++t) {
      Values patch;
      for (const Values& channel : fields)
        patch.insert(patch.end(), channel.begin() + static_cast<std::ptrdiff_t>(8 * t),
                     channel.begin() + static_cast<std::ptrdiff_t>(8 * (t + 1)));
      x.push_back(dense(patch, w.at("embed.weight"), w.at("embed.bias")));
      for (std::size_t k = 0; k < 12; ++k) x[t][k] += w.at("place")[12 * t + k];
    }
    for (const std::string block : {"block1", "block2"}) {
      add_to(x, attention(norm(block + ".attention.norm", x), w, block + ".attention"));
      Field change = norm(block + ".dense.norm", x);
      for (Values& token : change) {
        token = dense(token, w.at(block + ".dense.in.weight"), w.at(block + ".dense.in.bias"));
        for (double& value : token) value = std::tanh(value);
        token = dense(token, w.at(block + ".dense.out.weight"), w.at(block + ".dense.out.bias"));
      }
      add_to(x, change);
    }
    x = norm("norm", x);
    Field features(12, Values(4));
    for (std::size_t t = 0; t < 4; ++t)
      for (std::size_t k = 0; k < 12; ++k) features[k][t] = x[t][k];
    return features;
  });
}

// With one feature, the score of a point is linear in it. The prediction is the mean coordinate of
// the points, weighted by their scores, in both maps. A sharp score at one point gives the
// coordinate of this point, limited to the box.
TEST(Reference, SoftArgmaxIsTheMeanCoordinate) {
  for (const char* map : {"tanh", "algebraic"}) {
    NetworkSettings settings = make_settings("cnn", "double");
    settings.channels = {1};
    settings.kernel = 1;
    settings.stride = 1;
    settings.hidden = {};
    settings.head = "soft_argmax";
    settings.temperature = 0.25;
    settings.reach = 1.5;
    settings.output_map = map;
    Network network(settings, make_shape(), 1);
    network.set_weights(Values{1.0, 0.0, 0.0, 0.0, 2.0, -1.0});  // tanh(y); scores 2 x, -x
    Inputs in;
    for (double& value : in.y.write().row(0)) value = -9.0;
    in.y.write().row(0)[20] = 9.0;  // a: all weight at point 20; b: equal weights at other points
    for (double& value : in.y.write().row(1)) value = -9.0;
    in.y.write().row(1)[31] = 9.0;  // a coordinate outside the box
    network.predict(0, in.y, in.c, in.rows, in.m, 0);
    for (std::int64_t row = 0; row < kRow; ++row)
      for (const std::size_t k : {0U, 1U}) {
        double total = 0.0, sum = 0.0;
        for (std::size_t j = 0; j < kGrid; ++j) {
          const double share = std::exp((k == 0 ? 8.0 : -4.0) * std::tanh(in.y.read().row(row)[j]));
          double s = 1.5 * (2.0 * static_cast<double>(j) / 31.0 - 1.0);
          if (k == 0) s = std::clamp(s, -0.999, 0.999);
          total += share;
          sum += share * s;
        }
        const double s = sum / total;
        EXPECT_NEAR(in.m.read().row(row)[k], k == 0 ? 1.0 + 2.0 * s : 5.0 + 0.5 * s, 1e-12);
      }
    EXPECT_NEAR(in.m.read().row(0)[0], 1.0 + 2.0 * 1.5 * (40.0 / 31.0 - 1.0), 1e-4);
    EXPECT_NEAR(in.m.read().row(1)[0], 1.0 + 2.0 * 0.999, 1e-4);
  }
}

}  // namespace
}  // namespace jpo
