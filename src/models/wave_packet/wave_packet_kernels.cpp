// Wave packet: y(t) = A sin(t - t0) exp(-((t - t0) / 20)^2), t = 0, 1, ..., 255.
//
// A closed form without discretization: adjoint and tangent are its derivatives. Unknowns: the
// arrival time t0 and, if unknown_amplitude is true, the amplitude A. The misfit has about 41 local
// minima in t0, one period apart; the basin of the global minimum has a width of 6.3. Source: arXiv
// 2408.08119.

#include <cmath>

#include "core/random.hpp"
#include "models/batched_kernels.hpp"
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
  JPO_KERNEL explicit Packet(double s) {
    const double envelope = std::exp(-(s / kWidth) * (s / kWidth));
    value = std::sin(s) * envelope;
    slope = std::cos(s) * envelope - 2.0 * s / (kWidth * kWidth) * value;
  }
  double value;
  double slope;
};

JPO_KERNEL inline double amplitude(std::span<const double> m) {
  return m.size() > 1 ? m[1] : 1.0;
}

struct Physics {
  PhysicsSizes sizes() const { return {}; }

  JPO_KERNEL SolveStatus solve(const ProblemMemory& at, std::span<const double> /*c*/,
                               std::span<double> y) const {
    bool is_finite = true;
    for (std::size_t t = 0; t < kSample; ++t) {
      y[t] = amplitude(at.m) * Packet(static_cast<double>(t) - at.m[0]).value;
      is_finite = is_finite && std::isfinite(y[t]);
    }
    return is_finite ? SolveStatus::converged : SolveStatus::diverged;
  }

  JPO_KERNEL void adjoint(const ProblemMemory& at, std::span<const double> w,
                          std::span<double> g) const {
    double to_time = 0.0;
    double to_amplitude = 0.0;
    for (std::size_t t = 0; t < kSample; ++t) {
      const Packet packet(static_cast<double>(t) - at.m[0]);
      to_time -= amplitude(at.m) * packet.slope * w[t];
      to_amplitude += packet.value * w[t];
    }
    g[0] = to_time;
    if (g.size() > 1) g[1] = to_amplitude;
  }

  JPO_KERNEL void tangent(const ProblemMemory& at, std::span<const double> v,
                          std::span<double> dy) const {
    for (std::size_t t = 0; t < kSample; ++t) {
      const Packet packet(static_cast<double>(t) - at.m[0]);
      dy[t] = -amplitude(at.m) * packet.slope * v[0] + (v.size() > 1 ? packet.value * v[1] : 0.0);
    }
  }
};

class WavePacket : public BatchedModel {
 public:
  struct Settings : jpo::Settings {
    bool unknown_amplitude = false;
    void describe(KeyTable& table) override {
      table.add("unknown_amplitude", &unknown_amplitude,
                {.doc = "true: the amplitude A in [0.5, 2] is unknown, too; false: A = 1"});
    }
  };

  WavePacket(const Settings& settings, const BuildOptions& options) : BatchedModel(options.space) {
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
    set_kernels(problem_kernels(Physics{}));
  }

  void sample(std::uint64_t problem_seed, std::span<double> /*c*/,
              std::span<double> m) const override {
    RandomStream stream(problem_seed);
    for (std::size_t k = 0; k < m.size(); ++k)
      m[k] = stream.uniform(shape_.parameters.lower[k], shape_.parameters.upper[k]);
  }
};

const RegisterModel<WavePacket> registered{"wave_packet",
                                           "arrival time of an oscillating packet in a record"};

}  // namespace
}  // namespace jpo
