#include "models/kuramoto_sivashinsky_steps.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include <petscmat.h>

#include "core/checks.hpp"
#include "core/handle.hpp"
#include "models/cyclic_band_lu.hpp"

namespace jpo::kuramoto_sivashinsky {
namespace {

using MatHandle = Handle<Mat, MatDestroy>;

// A scheme solves B z = r with B = mass + theta dt A, A = D2 + D4 by the symmetric stencils below
// (centre first), and r = states + dt (newest N[t] - older N[t-1]). In the first step r has N[0]
// alone. N = alpha G - beta flux / dx * difference(u^2).

// SBDF2, second-order differences: u[t+1] = z.
struct SecondOrder {
  static constexpr int half_bandwidth = 2;
  static constexpr int radius = 1;  // of the difference
  static constexpr std::array<double, 3> second = {-2.0, 1.0, 0.0};
  static constexpr std::array<double, 3> fourth = {6.0, -4.0, 1.0};
  static constexpr double first_mass = 1.0, mass = 1.5, theta = 1.0;
  static constexpr double newest = 2.0, older = 1.0;
  static constexpr double flux = 0.25;
  static constexpr bool subtracts_state = false;
  template <class At>
  [[gnu::always_inline]] static Lanes difference(At&& at) {
    return at(Constant<1>{}) - at(Constant<-1>{});
  }
  [[gnu::always_inline]] static Lanes first_state(const Lanes& u) { return u; }
  [[gnu::always_inline]] static Lanes state(const Lanes& u, const double* before) {
    return 2.0 * u - 0.5 * load(before);
  }
  // Of u[t], from mu[t+1] and mu[t+2].
  [[gnu::always_inline]] static Lanes cotangent(bool first, const Lanes& mu1, const Lanes& mu2) {
    return (first ? 1.0 : 2.0) * mu1 - 0.5 * mu2;
  }
};

// CNAB2, fourth-order differences: B = 1 + dt/2 A, so (1 - dt/2 A) u = 2 u - B u, and
// u[t+1] = z - u[t] with B z = 2 u[t] + dt (...).
struct FourthOrder {
  static constexpr int half_bandwidth = 3;
  static constexpr int radius = 2;
  static constexpr std::array<double, 4> second = {-5.0 / 2.0, 4.0 / 3.0, -1.0 / 12.0, 0.0};
  static constexpr std::array<double, 4> fourth = {28.0 / 3.0, -13.0 / 2.0, 2.0, -1.0 / 6.0};
  static constexpr double first_mass = 1.0, mass = 1.0, theta = 0.5;
  static constexpr double newest = 1.5, older = 0.5;
  static constexpr double flux = 1.0 / 24.0;
  static constexpr bool subtracts_state = true;
  template <class At>
  [[gnu::always_inline]] static Lanes difference(At&& at) {
    return 8.0 * (at(Constant<1>{}) - at(Constant<-1>{})) -
           (at(Constant<2>{}) - at(Constant<-2>{}));
  }
  [[gnu::always_inline]] static Lanes first_state(const Lanes& u) { return 2.0 * u; }
  [[gnu::always_inline]] static Lanes state(const Lanes& u, const double* /*before*/) {
    return 2.0 * u;
  }
  [[gnu::always_inline]] static Lanes cotangent(bool /*first*/, const Lanes& mu1,
                                                const Lanes& /*mu2*/) {
    return 2.0 * mu1;
  }
};

// B on the periodic grid, assembled in PETSc.
template <class S>
MatHandle step_operator(const Grid& grid, double mass) {
  constexpr int width = 2 * S::half_bandwidth + 1;
  const double d2 = 1.0 / (grid.dx() * grid.dx());
  const double d4 = d2 * d2;
  MatHandle matrix;
  const auto n = static_cast<PetscInt>(grid.n);
  PETSC(MatCreateSeqAIJ(PETSC_COMM_SELF, n, n, width, nullptr, matrix.put()));
  for (PetscInt i = 0; i < n; ++i) {
    std::array<PetscInt, width> columns{};
    std::array<PetscScalar, width> row{};
    for (PetscInt d = -S::half_bandwidth; d <= S::half_bandwidth; ++d) {
      const auto k = static_cast<std::size_t>(std::abs(d));
      const PetscInt place = d + S::half_bandwidth;
      columns[static_cast<std::size_t>(place)] = (i + d + n) % n;
      row[static_cast<std::size_t>(place)] =
          (d == 0 ? mass : 0.0) + S::theta * grid.dt * (S::second[k] * d2 + S::fourth[k] * d4);
    }
    PETSC(MatSetValues(matrix.get(), 1, &i, width, columns.data(), row.data(), INSERT_VALUES));
  }
  PETSC(MatAssemblyBegin(matrix.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(matrix.get(), MAT_FINAL_ASSEMBLY));
  return matrix;
}

template <class S>
class SchemeSteps final : public Steps {
 public:
  explicit SchemeSteps(const Grid& grid)
      : grid_(grid),
        start_(step_operator<S>(grid, S::first_mass).get()),
        step_(step_operator<S>(grid, S::mass).get()),
        flux_(S::flux / grid.dx()) {
    for (std::int64_t i = 0; i < grid.n; ++i)
      forcing_.push_back(
          std::cos(4.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(grid.n)));
    for (LaneBuffer* buffer : {&first_, &second_, &third_}) buffer->reserve(block_size());
  }

  void forward(const Coefficients& m, std::int64_t n_step, double* states) override {
    const Lanes alpha = m.alpha;
    const Lanes scaled = flux_ * m.beta;
    double* n_old = first_.data();
    double* n_new = second_.data();
    for (std::int64_t t = 0; t < n_step; ++t) {
      const double* u = states + t * block_size();
      const auto nonlinear = [&](std::int64_t i) __attribute__((always_inline)) {
        const auto square = [&](auto k) __attribute__((always_inline)) {
          const Lanes there = load(u + beside(i, k) * n_lane);
          return there * there;
        };
        const Lanes value = forcing_[i] * alpha - scaled * S::difference(square);
        store(n_new + i * n_lane, value);
        return value;
      };
      advance(t, states, n_old, nonlinear);
      std::swap(n_old, n_new);
    }
  }

  void tangent(const Coefficients& m, const double* states, const Direction& direction,
               double* tangents) override {
    const Lanes scaled = (2.0 * flux_) * m.beta;
    const Lanes dalpha = direction.dm.alpha;
    const Lanes dscaled = flux_ * direction.dm.beta;
    double* n_old = first_.data();
    double* n_new = second_.data();
    for (std::int64_t t = 0; t < direction.n_step; ++t) {
      const double* u = states + t * block_size();
      const double* v = tangents + t * block_size();
      const auto nonlinear = [&](std::int64_t i) __attribute__((always_inline)) {
        const auto square = [&](auto k) __attribute__((always_inline)) {
          const Lanes there = load(u + beside(i, k) * n_lane);
          return there * there;
        };
        const auto product = [&](auto k) __attribute__((always_inline)) {
          return load(u + beside(i, k) * n_lane) * load(v + beside(i, k) * n_lane);
        };
        const Lanes value = forcing_[i] * dalpha - dscaled * S::difference(square) -
                            scaled * S::difference(product);
        store(n_new + i * n_lane, value);
        return value;
      };
      advance(t, tangents, n_old, nonlinear);
      std::swap(n_old, n_new);
    }
  }

  // lambda[t]: cotangent of u[t]; mu[t] = B^-1 lambda[t]: that of the right-hand side of its step.
  Coefficients adjoint(const Coefficients& m, const double* states, const Cotangent& cotangent,
                       double* initial) override {
    double* lambda = first_.data();
    double* mu1 = second_.data();  // mu[t+1]
    double* mu2 = third_.data();   // mu[t+2]
    for (double* buffer : {lambda, mu1, mu2}) std::fill_n(buffer, block_size(), 0.0);
    Coefficients g{lanes_of(0.0), lanes_of(0.0)};
    const std::int64_t n_step = cotangent.observed.step.back();
    cotangent.observed.add(n_step, cotangent.weights, lambda);
    for (std::int64_t t = n_step - 1; t >= 0; --t) {
      std::swap(mu1, mu2);
      (t == 0 ? start_ : step_)
          .solve(
              [&](std::int64_t i)
                  __attribute__((always_inline)) { return load(lambda + i * n_lane); },
              mu1);
      pull_back(t, states + t * block_size(), m.beta, {mu1, mu2, lambda}, g);
      cotangent.observed.add(t, cotangent.weights, lambda);
    }
    std::copy_n(lambda, block_size(), initial);
    return g;
  }

 private:
  std::int64_t block_size() const { return grid_.n * n_lane; }
  // i + k on the circle.
  template <int k>
  [[gnu::always_inline]] std::int64_t beside(std::int64_t i, Constant<k> /*distance*/) const {
    if constexpr (k > 0)
      return i + k < grid_.n ? i + k : i + k - grid_.n;
    else
      return i + k >= 0 ? i + k : i + k + grid_.n;
  }

  // Step t -> t + 1 of `states`; `nonlinear(i)` is N[t] in row i, n_old holds N[t-1].
  template <class Nonlinear>
  void advance(std::int64_t t, double* states, const double* n_old, Nonlinear&& nonlinear) const {
    const double* u = states + t * block_size();
    double* next = states + (t + 1) * block_size();
    const double dt = grid_.dt;
    const auto result = [&](std::int64_t i, const Lanes& z) __attribute__((always_inline)) {
      if constexpr (S::subtracts_state)
        return z - load(u + i * n_lane);
      else
        return z;
    };
    if (t == 0) {
      start_.solve(
          [&](std::int64_t i) __attribute__((always_inline)) {
            return S::first_state(load(u + i * n_lane)) + dt * nonlinear(i);
          },
          next, result);
      return;
    }
    const double* before = u - block_size();
    step_.solve(
        [&](std::int64_t i) __attribute__((always_inline)) {
          return S::state(load(u + i * n_lane), before + i * n_lane) +
                 dt * (S::newest * nonlinear(i) - S::older * load(n_old + i * n_lane));
        },
        next, result);
  }

  struct Cotangents {
    const double* mu1;
    const double* mu2;
    double* lambda;
  };
  // lambda[t+1] -> lambda[t] = the states' part + (dN/du)^T nu, with nu = dt (newest mu1 -
  // older mu2) the cotangent of N[t]; in the first step N[0] has weight 1. The difference is
  // antisymmetric: its transpose is minus itself. Adds to the gradient of alpha and beta.
  void pull_back(std::int64_t t, const double* u, const Lanes& beta, const Cotangents& at,
                 Coefficients& g) const {
    constexpr int radius = S::radius;
    const double newest = t == 0 ? 1.0 : S::newest;
    const double dt = grid_.dt;
    const auto nu = [&](std::int64_t i) __attribute__((always_inline)) {
      return dt * (newest * load(at.mu1 + i * n_lane) - S::older * load(at.mu2 + i * n_lane));
    };
    const Lanes scaled = (2.0 * flux_) * beta;
    LaneList<2 * radius + 1> near;  // nu at i - radius .. i + radius
    unrolled<2 * radius>([&](auto k) __attribute__((always_inline)) {
      near.set(Constant<k + 1>{}, nu(beside(0, Constant<k - radius>{})));
    });
    Coefficients sum{lanes_of(0.0), lanes_of(0.0)};
    for (std::int64_t i = 0; i < grid_.n; ++i) {
      unrolled<2 * radius>([&](auto k) __attribute__((always_inline)) {
        near.set(k, near[Constant<k + 1>{}]);
      });
      near.set(Constant<2 * radius>{}, nu(beside(i, Constant<radius>{})));
      const Lanes state = load(u + i * n_lane);
      const Lanes turned = state * S::difference([&](auto k) __attribute__((always_inline)) {
                             return near[Constant<radius + k>{}];
                           });
      double* lambda = at.lambda + i * n_lane;
      Lanes value = S::cotangent(t == 0, load(at.mu1 + i * n_lane), load(at.mu2 + i * n_lane));
      if constexpr (S::subtracts_state) value = value - load(lambda);
      store(lambda, value + scaled * turned);
      sum.alpha = sum.alpha + forcing_[i] * near[Constant<radius>{}];
      sum.beta = sum.beta + state * turned;
    }
    g.alpha = g.alpha + sum.alpha;
    g.beta = g.beta + flux_ * sum.beta;
  }

  Grid grid_;
  CyclicBandLu<S::half_bandwidth> start_;
  CyclicBandLu<S::half_bandwidth> step_;
  double flux_;
  std::vector<double> forcing_;
  LaneBuffer first_, second_, third_;
};

}  // namespace

void Observed::read(const double* states, double* values) const {
  const std::int64_t block_size = n_point * stride * n_lane;
  for (const std::int64_t t : step)
    for (std::int64_t k = 0; k < n_point; ++k, values += n_lane)
      store(values, load(states + t * block_size + k * stride * n_lane));
}

void Observed::add(std::int64_t t, const double* values, double* lambda) const {
  const auto found = std::ranges::find(step, t);
  if (found == step.end()) return;
  values += (found - step.begin()) * n_point * n_lane;
  for (std::int64_t k = 0; k < n_point; ++k) {
    double* at = lambda + k * stride * n_lane;
    store(at, load(at) + load(values + k * n_lane));
  }
}

std::unique_ptr<Steps> make_steps(const Grid& grid) {
  if (grid.scheme == Scheme::second_order) return std::make_unique<SchemeSteps<SecondOrder>>(grid);
  return std::make_unique<SchemeSteps<FourthOrder>>(grid);
}

}  // namespace jpo::kuramoto_sivashinsky
