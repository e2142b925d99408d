#pragma once
// A small shape, settings and inputs for the tests of networks.

#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/random.hpp"
#include "network/network.hpp"

namespace jpo {

constexpr std::int64_t kRow = 8;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline NetworkShape make_shape() {
  NetworkShape shape;
  shape.observation = {1, 32, true, "", ""};
  shape.context = {2, 32, true, "", ""};
  shape.parameters = {{"a", "b"},       {"", ""},   {-1.0, -kInfinity},
                      {3.0, kInfinity}, {1.0, 5.0}, {2.0, 0.5}};
  shape.micro_batch = kRow;
  return shape;
}

/// Sets an integer key of [network] that belongs to one architecture.
inline void set_key(NetworkSettings& settings, const std::string& name, std::int64_t value) {
  KeyTable table;
  settings.describe(table);
  for (const Key& key : table.keys())
    if (key.name == name) *std::get<std::int64_t*>(key.field) = value;
}

inline NetworkSettings make_settings(const std::string& name, const std::string& precision) {
  NetworkSettings settings;
  settings.name = name;
  settings.precision = precision;
  settings.channels = {4, 6};
  set_key(settings, "width", 12);
  set_key(settings, "n_head", 3);
  settings.hidden = {10};
  settings.activation = "tanh";
  settings.output_spread = 1.0;
  return settings;
}

/// Returns name and number of values of each weight tensor, in the order of Network::weights().
/// They are parsed from its description ("name: [2, 3]").
inline std::vector<std::pair<std::string, std::int64_t>> weight_sizes(const Network& network) {
  std::vector<std::pair<std::string, std::int64_t>> sizes;
  for (const std::string& line : network.describe()) {
    const std::size_t colon = line.find(':');
    std::istringstream extents(line.substr(line.find('[') + 1));
    std::int64_t size = 1, extent = 1;
    for (char comma; extents >> extent; extents >> comma) size *= extent;
    sizes.emplace_back(line.substr(0, colon), size);
  }
  return sizes;
}

/// Inputs for make_shape() with normally distributed values.
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

}  // namespace jpo
