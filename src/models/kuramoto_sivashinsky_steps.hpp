#pragma once
// The time-stepping schemes of the Kuramoto-Sivashinsky model (see kuramoto_sivashinsky.cpp) on
// interleaved states of one block: forward, adjoint and tangent sweeps.

#include <cstdint>
#include <memory>
#include <span>

#include "models/lanes.hpp"

namespace jpo::kuramoto_sivashinsky {

enum class Scheme : std::uint8_t { second_order, fourth_order };

/// The discretization: n points on [0, length), n_step steps of dt.
struct Grid {
  Scheme scheme = Scheme::second_order;
  std::int64_t n = 0;
  double length = 0.0;
  double dt = 0.0;
  std::int64_t n_step = 0;
  double dx() const { return length / static_cast<double>(n); }
};

struct Coefficients {
  Lanes alpha, beta;
};

/// Every stride-th point of the states at these steps, ascending: values [step][point][lane].
struct Observed {
  std::span<const std::int64_t> step;
  std::int64_t n_point;
  std::int64_t stride;

  void read(const double* states, double* values) const;
  /// lambda += the values of step t, at their points; nothing where t is not observed.
  void add(std::int64_t t, const double* values, double* lambda) const;
};

/// Sweeps over one block; buffers are its own, so one object serves one thread. States and tangents
/// are [step][n][lane]: the first is given, those up to `n_step` are computed.
class Steps {
 public:
  Steps() = default;
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;
  Steps(Steps&&) = delete;
  Steps& operator=(Steps&&) = delete;
  virtual ~Steps() = default;

  virtual void forward(const Coefficients& m, std::int64_t n_step, double* states) = 0;
  /// The states' derivative along dm and tangents[0], as far as n_step.
  struct Direction {
    Coefficients dm;
    std::int64_t n_step;
  };
  virtual void tangent(const Coefficients& m, const double* states, const Direction& direction,
                       double* tangents) = 0;
  /// Gradient of <weights, observed values> up to the last observed step: returns the part of the
  /// coefficients; that of the first state goes to initial [n][lane].
  struct Cotangent {
    Observed observed;
    const double* weights;
  };
  virtual Coefficients adjoint(const Coefficients& m, const double* states,
                               const Cotangent& cotangent, double* initial) = 0;
};

std::unique_ptr<Steps> make_steps(const Grid& grid);

}  // namespace jpo::kuramoto_sivashinsky
