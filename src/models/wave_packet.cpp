// Wave packet: y(t) = A sin(t - t0) exp(-((t - t0) / 20)^2), t = 0, 1, ..., 255.
//
// A closed form, no discretization: adjoint and tangent are its derivatives. Unknown is the arrival
// time t0, and by a switch the amplitude A as well. The misfit has about 41 local minima in t0, one
// period apart, and the basin of the right one is 6.3 wide. Source: arXiv 2408.08119.

#include <array>
#include <cmath>

#include "core/random.hpp"
#include "models/registry.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kSample = 256;
constexpr double kWidth = 20.0;
constexpr double kEarliest = 32.0;
constexpr double kLatest = 224.0;
constexpr double kWeakest = 0.5;
constexpr double kStrongest = 2.0;

// The packet of unit amplitude at distance s = t - t0 from its centre, and its slope in s.
struct Packet {
  explicit Packet(double s) {
    const double envelope = std::exp(-(s / kWidth) * (s / kWidth));
    value = std::sin(s) * envelope;
    slope = std::cos(s) * envelope - 2.0 * s / (kWidth * kWidth) * value;
  }
  double value;
  double slope;
};

}  // namespace

class WavePacket : public ForwardModel {
 public:
  struct Settings : jpo::Settings {
    bool unknown_amplitude = false;
    void describe(KeyTable& table) override {
      table.add("unknown_amplitude", &unknown_amplitude,
                {.doc = "true: A in [0.5, 2] is unknown as well; false: A = 1"});
    }
  };

  WavePacket(const Settings& settings, const ModelPlace& /*place*/);

  const ModelShape& shape() const override { return shape_; }

  void sample(std::uint64_t problem_seed, std::span<double> /*c*/,
              std::span<double> m) const override {
    RandomStream stream(problem_seed);
    for (std::size_t k = 0; k < m.size(); ++k)
      m[k] = stream.uniform(shape_.parameters.lower[k], shape_.parameters.upper[k]);
  }

  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override;
  void adjoint(const Batch& w, Batch& g) override;
  void tangent(const Batch& v, Batch& dy) override;

 private:
  static double amplitude(std::span<const double> m) { return m.size() > 1 ? m[1] : 1.0; }

  ModelShape shape_;
  std::vector<double> m_;  ///< of the last solve [problem, n_parameter]
};

WavePacket::WavePacket(const Settings& settings, const ModelPlace& /*place*/) {
  ParameterSpace& m = shape_.parameters;
  m = {{"t0"},
       {"samples"},
       {kEarliest},
       {kLatest},
       {0.5 * (kEarliest + kLatest)},
       {0.5 * (kLatest - kEarliest)}};
  if (settings.unknown_amplitude) {
    m.names.emplace_back("amplitude");
    m.units.emplace_back("1");
    m.lower.push_back(kWeakest);
    m.upper.push_back(kStrongest);
    m.centre.push_back(0.5 * (kWeakest + kStrongest));
    m.scale.push_back(0.5 * (kStrongest - kWeakest));
  }
  shape_.observation = {1, kSample, false, "1", "the record at t = 0, 1, ..., 255"};
  shape_.has_tangent = true;
}

void WavePacket::solve(const Batch& /*c*/, const Batch& m, Batch& y,
                       std::span<SolveStatus> status) {
  const auto m_rows = m.read();
  const auto y_rows = y.write();
  m_.assign(m_rows.values().begin(), m_rows.values().end());
  for (std::int64_t row = 0; row < m.n_problem(); ++row) {
    const auto here = m_rows.row(row);
    bool is_finite = true;
    for (std::size_t t = 0; t < kSample; ++t) {
      double& value = y_rows.row(row)[t];
      value = amplitude(here) * Packet(static_cast<double>(t) - here[0]).value;
      is_finite = is_finite && std::isfinite(value);
    }
    status[static_cast<std::size_t>(row)] =
        is_finite ? SolveStatus::converged : SolveStatus::diverged;
  }
}

void WavePacket::adjoint(const Batch& w, Batch& g) {
  const auto w_rows = w.read();
  const auto g_rows = g.write();
  const auto n_m = static_cast<std::size_t>(g.n_component());
  for (std::int64_t row = 0; row < w.n_problem(); ++row) {
    const std::span<const double> m =
        std::span(m_).subspan(static_cast<std::size_t>(row) * n_m, n_m);
    std::array<double, 2> sum{};
    for (std::size_t t = 0; t < kSample; ++t) {
      const Packet packet(static_cast<double>(t) - m[0]);
      sum[0] -= amplitude(m) * packet.slope * w_rows.row(row)[t];
      sum[1] += packet.value * w_rows.row(row)[t];
    }
    std::copy_n(sum.begin(), n_m, g_rows.row(row).begin());
  }
}

void WavePacket::tangent(const Batch& v, Batch& dy) {
  const auto v_rows = v.read();
  const auto dy_rows = dy.write();
  const auto n_m = static_cast<std::size_t>(v.n_component());
  for (std::int64_t row = 0; row < v.n_problem(); ++row) {
    const std::span<const double> m =
        std::span(m_).subspan(static_cast<std::size_t>(row) * n_m, n_m);
    const auto along = v_rows.row(row);
    for (std::size_t t = 0; t < kSample; ++t) {
      const Packet packet(static_cast<double>(t) - m[0]);
      dy_rows.row(row)[t] =
          -amplitude(m) * packet.slope * along[0] + (n_m > 1 ? packet.value * along[1] : 0.0);
    }
  }
}

namespace {
const RegisterModel<WavePacket> registered{"wave_packet",
                                           "arrival time of an oscillating packet in a record"};
}  // namespace

}  // namespace jpo
