#include "solving/per_problem/gauss_newton.hpp"

#include <algorithm>
#include <cmath>

#include <petscmat.h>

#include "core/checks.hpp"
#include "core/dot.hpp"
#include "core/petsc_handles.hpp"

namespace jpo {

bool is_free(const GaussNewtonPath& path, const ParameterSpace& space, std::size_t k) {
  return !(path.m[k] <= space.lower[k] && path.g[k] > 0.0) &&
         !(path.m[k] >= space.upper[k] && path.g[k] < 0.0);
}

double projected_gradient(const GaussNewtonPath& path, const ParameterSpace& space) {
  double square = 0.0;
  for (std::size_t k = 0; k < path.g.size(); ++k)
    if (is_free(path, space, k)) square += std::pow(path.g[k] * space.scale[k], 2);
  return std::sqrt(square);
}

double set_trial(GaussNewtonPath& path, const ParameterSpace& space, std::span<const double> step) {
  double largest = 0.0;
  for (std::size_t k = 0; k < step.size(); ++k) {
    path.trial[k] = std::clamp(path.m[k] + step[k], space.lower[k], space.upper[k]);
    largest = std::max(largest, std::abs(path.trial[k] - path.m[k]) / space.scale[k]);
  }
  return largest;
}

namespace {

class DenseGaussNewton : public GaussNewton {
 public:
  DenseGaussNewton(Objective& objective, std::int64_t window)
      : objective_(objective),
        space_(objective.shape().parameters),
        n_(static_cast<std::size_t>(space_.size())),
        direction_(window, space_.size()),
        weights_(static_cast<std::size_t>(objective.shape().observation.size())),
        normal_(static_cast<std::size_t>(window), std::vector<double>(n_ * n_)),
        damped_diagonal_(static_cast<std::size_t>(window), std::vector<double>(n_)),
        step_(n_) {
    for (std::size_t k = 0; k < n_; ++k)
      columns_.emplace_back(window, objective.shape().observation.size());
    const auto size = static_cast<PetscInt>(n_);
    PETSC(MatCreateSeqDense(PETSC_COMM_SELF, size, size, nullptr, matrix_.put()));
    PETSC(VecCreateSeq(PETSC_COMM_SELF, size, right_.put()));
    PETSC(VecDuplicate(right_.get(), solution_.put()));
  }

  std::int64_t n_solve() const override { return static_cast<std::int64_t>(n_); }

  void linearize(std::span<GaussNewtonPath> paths, std::span<const std::uint8_t> needed,
                 Ledger& ledger) override {
    const auto n_path = static_cast<std::int64_t>(paths.size());
    direction_.set_n_problem(n_path);
    for (std::size_t j = 0; j < n_; ++j) {
      direction_.fill(0.0);
      {
        const auto v = direction_.write();
        for (std::int64_t k = 0; k < n_path; ++k) v.row(k)[j] = 1.0;
      }
      columns_[j].set_n_problem(n_path);
      objective_.tangent(needed, direction_, columns_[j], ledger);
    }
    for (std::size_t k = 0; k < paths.size(); ++k)
      if (needed[k] != 0) assemble(paths[k], k);
  }

  double propose(std::span<GaussNewtonPath> paths, std::size_t k, bool /*again*/) override {
    GaussNewtonPath& path = paths[k];
    solve_damped(path, k);
    const double largest = set_trial(path, space_, step_);
    for (std::size_t i = 0; i < n_; ++i) step_[i] = path.trial[i] - path.m[i];
    double curvature = 0.0;
    for (std::size_t i = 0; i < n_; ++i)
      curvature += step_[i] * dot(std::span(normal_[k]).subspan(i * n_, n_), step_);
    path.predicted = -dot(path.g, step_) - 0.5 * curvature;
    return largest;
  }

  void move(std::size_t from, std::size_t to) override {
    std::swap(normal_[from], normal_[to]);
    std::swap(damped_diagonal_[from], damped_diagonal_[to]);
  }

  std::vector<double> state(std::size_t k) const override {
    std::vector<double> numbers = normal_[k];
    numbers.insert(numbers.end(), damped_diagonal_[k].begin(), damped_diagonal_[k].end());
    return numbers;
  }

  void set_state(std::size_t k, std::span<const double> numbers) override {
    std::ranges::copy(numbers.first(n_ * n_), normal_[k].begin());
    std::ranges::copy(numbers.subspan(n_ * n_, n_), damped_diagonal_[k].begin());
  }

 private:
  void assemble(GaussNewtonPath& path, std::size_t k) {
    const auto row = static_cast<std::int64_t>(k);
    const double weight = objective_.misfit().residual_curvature();
    objective_.read_residual_weights(row, weights_);
    for (std::size_t i = 0; i < n_; ++i) {
      const auto column = columns_[i].read();
      path.g[i] = dot(column.row(row), weights_);
      for (std::size_t j = 0; j <= i; ++j) {
        const double value = weight * dot(column.row(row), columns_[j].read().row(row)) +
                             (i == j ? objective_.misfit().prior_curvature(i) : 0.0);
        normal_[k][i * n_ + j] = normal_[k][j * n_ + i] = value;
      }
      // Marquardt's scaling without decrease (More 1978). The lower limit keeps the matrix positive
      // definite if a direction has no curvature.
      damped_diagonal_[k][i] =
          std::max({path.started ? damped_diagonal_[k][i] : 0.0, normal_[k][i * n_ + i],
                    1e-12 / (space_.scale[i] * space_.scale[i])});
    }
    objective_.misfit().add_prior_gradient(path.trial, path.g);
  }

  // Sets step_ = -(H + lambda D)^-1 g. Components that are not free have rows of the identity.
  void solve_damped(const GaussNewtonPath& path, std::size_t k) {
    double* a = nullptr;
    double* b = nullptr;
    PETSC(MatSetUnfactored(matrix_.get()));
    PETSC(MatDenseGetArrayWrite(matrix_.get(), &a));
    PETSC(VecGetArrayWrite(right_.get(), &b));
    for (std::size_t i = 0; i < n_; ++i) {
      const bool free = is_free(path, space_, i);
      b[i] = free ? -path.g[i] * space_.scale[i] : 0.0;
      for (std::size_t j = 0; j < n_; ++j) {
        const double value = free && is_free(path, space_, j)
                                 ? normal_[k][i * n_ + j] * space_.scale[i] * space_.scale[j]
                                 : 0.0;
        a[i + j * n_] = value;
      }
      a[i + i * n_] = free ? a[i + i * n_] + path.damping * damped_diagonal_[k][i] *
                                                 space_.scale[i] * space_.scale[i]
                           : 1.0;
    }
    PETSC(VecRestoreArrayWrite(right_.get(), &b));
    PETSC(MatDenseRestoreArrayWrite(matrix_.get(), &a));
    PETSC(MatAssemblyBegin(matrix_.get(), MAT_FINAL_ASSEMBLY));
    PETSC(MatAssemblyEnd(matrix_.get(), MAT_FINAL_ASSEMBLY));
    PETSC(MatCholeskyFactor(matrix_.get(), nullptr, nullptr));
    PETSC(MatSolve(matrix_.get(), right_.get(), solution_.get()));
    const double* x = nullptr;
    PETSC(VecGetArrayRead(solution_.get(), &x));
    for (std::size_t i = 0; i < n_; ++i) step_[i] = x[i] * space_.scale[i];
    PETSC(VecRestoreArrayRead(solution_.get(), &x));
  }

  Objective& objective_;
  const ParameterSpace& space_;
  std::size_t n_;
  Batch direction_;
  /// J e_j of each path.
  std::vector<Batch> columns_;
  std::vector<double> weights_;
  /// H [n, n] of each path.
  std::vector<std::vector<double>> normal_;
  /// D of each path.
  std::vector<std::vector<double>> damped_diagonal_;
  std::vector<double> step_;
  MatHandle matrix_;
  VecHandle right_, solution_;
};

}  // namespace

std::unique_ptr<GaussNewton> make_dense_gauss_newton(Objective& objective, std::int64_t window) {
  return std::make_unique<DenseGaussNewton>(objective, window);
}

}  // namespace jpo
