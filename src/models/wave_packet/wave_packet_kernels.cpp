// Wave packet: y(t) = A sin(t - t0) exp(-((t - t0) / 20)^2), t = 0, 1, ..., 255.
//
// A closed form, no discretization: adjoint and tangent are its derivatives. Unknown is the arrival
// time t0, and by a switch the amplitude A as well. The misfit has about 41 local minima in t0, one
// period apart, and the basin of the right one is 6.3 wide. Source: arXiv 2408.08119.

#include <algorithm>
#include <cmath>

#include "core/random.hpp"
#include "lanes/lanes.hpp"
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

struct SolveKernel {
  BatchRows<const double> m;
  BatchRows<double> y;
  double* flags;  ///< [problem] 0 where y is finite
  JPO_KERNEL void operator()(std::int64_t block) const {
    for_each_problem(block, y.n_problem(), [&](std::int64_t problem) {
      const auto here = m.row(problem);
      bool is_finite = true;
      for (std::size_t t = 0; t < kSample; ++t) {
        double& value = y.row(problem)[t];
        value = amplitude(here) * Packet(static_cast<double>(t) - here[0]).value;
        is_finite = is_finite && std::isfinite(value);
      }
      flags[problem] = is_finite ? 0.0 : 1.0;
    });
  }
};

struct AdjointKernel {
  BatchRows<const double> m, w;
  BatchRows<double> g;
  JPO_KERNEL void operator()(std::int64_t block) const {
    for_each_problem(block, g.n_problem(), [&](std::int64_t problem) {
      const auto here = m.row(problem);
      double to_time = 0.0;
      double to_amplitude = 0.0;
      for (std::size_t t = 0; t < kSample; ++t) {
        const Packet packet(static_cast<double>(t) - here[0]);
        to_time -= amplitude(here) * packet.slope * w.row(problem)[t];
        to_amplitude += packet.value * w.row(problem)[t];
      }
      g.row(problem)[0] = to_time;
      if (here.size() > 1) g.row(problem)[1] = to_amplitude;
    });
  }
};

struct TangentKernel {
  BatchRows<const double> m, v;
  BatchRows<double> dy;
  JPO_KERNEL void operator()(std::int64_t block) const {
    for_each_problem(block, dy.n_problem(), [&](std::int64_t problem) {
      const auto here = m.row(problem);
      const auto along = v.row(problem);
      for (std::size_t t = 0; t < kSample; ++t) {
        const Packet packet(static_cast<double>(t) - here[0]);
        dy.row(problem)[t] = -amplitude(here) * packet.slope * along[0] +
                             (here.size() > 1 ? packet.value * along[1] : 0.0);
      }
    });
  }
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

  WavePacket(const Settings& settings, const ModelPlace& place);

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
  BatchRows<const double> solved(std::int64_t n_problem) const {
    if (n_problem != n_solved_) throw std::logic_error("not the problems of the last solve");
    return {m_.data(), n_problem, shape_.parameters.size()};
  }

  ModelShape shape_;
  MemorySpace space_;
  LaneBuffer m_;  ///< of the last solve [problem][n_parameter]
  LaneBuffer flags_;
  std::int64_t n_solved_ = 0;
};

WavePacket::WavePacket(const Settings& settings, const ModelPlace& place)
    : space_(place.space), m_(place.space), flags_(place.space) {
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
  shape_.state_bytes = static_cast<double>(m.size() + 1) * sizeof(double);
  shape_.space = space_;
}

void WavePacket::solve(const Batch& /*c*/, const Batch& m, Batch& y,
                       std::span<SolveStatus> status) {
  const std::int64_t n = m.n_problem();
  const auto m_rows = m.read(space_);
  n_solved_ = n;
  m_.reserve(n * m.n_component());
  flags_.reserve(n);
  copy_values(space_, m_.data(), space_, m_rows.data(), n * m.n_component());
  launch(space_, n_block_of(n), SolveKernel{m_rows, y.overwrite(space_), flags_.data()});
  std::ranges::transform(flags_.read(0, n), status.begin(), [](double flag) {
    return flag == 0.0 ? SolveStatus::converged : SolveStatus::diverged;
  });
}

void WavePacket::adjoint(const Batch& w, Batch& g) {
  launch(space_, n_block_of(g.n_problem()),
         AdjointKernel{solved(g.n_problem()), w.read(space_), g.overwrite(space_)});
}

void WavePacket::tangent(const Batch& v, Batch& dy) {
  launch(space_, n_block_of(dy.n_problem()),
         TangentKernel{solved(dy.n_problem()), v.read(space_), dy.overwrite(space_)});
}

namespace {
const RegisterModel<WavePacket> registered{"wave_packet",
                                           "arrival time of an oscillating packet in a record"};
}  // namespace

}  // namespace jpo
