#pragma once
// A simple Kuramoto-Sivashinsky step over [grid point][problem], with a sparse LU in compressed
// rows. The benchmark compares the step of the model with it.

#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

namespace jpo {

class PlainInterleavedStep {
 public:
  PlainInterleavedStep(std::size_t n, double length, double dt, std::size_t n_problem)
      : n_(n), width_(n_problem), dt_(dt), flux_(0.25 * static_cast<double>(n) / length) {
    const double d2 = 1.0 / (length / static_cast<double>(n) * length / static_cast<double>(n));
    const double d4 = d2 * d2;
    factor({dt * d4, dt * (d2 - 4.0 * d4), 1.5 + dt * (6.0 * d4 - 2.0 * d2), dt * (d2 - 4.0 * d4),
            dt * d4});
    for (auto* field : {&u_, &before_, &n_old_, &n_new_}) field->assign(n * n_problem, 0.0);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < n_problem; ++k)
        u_[i * n_problem + k] = before_[i * n_problem + k] = std::cos(
            2.0 * std::numbers::pi * static_cast<double>(i * (1 + k % 5)) / static_cast<double>(n));
  }

  void advance() {
    right_hand_side();
    substitute();
  }
  const std::vector<double>& state() const { return u_; }

 private:
  struct Row {
    std::vector<std::size_t> columns;
    std::vector<double> values;
  };

  void factor(const std::vector<double>& band) {
    std::vector<std::vector<double>> a(n_, std::vector<double>(n_, 0.0));
    for (std::size_t i = 0; i < n_; ++i)
      for (std::size_t k = 0; k < 5; ++k) a[i][(i + k + n_ - 2) % n_] = band[k];
    for (std::size_t k = 0; k < n_; ++k)
      for (std::size_t i = k + 1; i < n_; ++i) {
        if (a[i][k] == 0.0) continue;
        a[i][k] /= a[k][k];
        for (std::size_t j = k + 1; j < n_; ++j) a[i][j] -= a[i][k] * a[k][j];
      }
    lower_.resize(n_);
    upper_.resize(n_);
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j < n_; ++j) {
        if (a[i][j] == 0.0 || i == j) continue;
        Row& row = j < i ? lower_[i] : upper_[i];
        row.columns.push_back(j);
        row.values.push_back(a[i][j]);
      }
      inverse_diagonal_.push_back(1.0 / a[i][i]);
    }
  }

  void right_hand_side() {
    for (std::size_t i = 0; i < n_; ++i) {
      const double* right = &u_[(i + 1) % n_ * width_];
      const double* left = &u_[(i + n_ - 1) % n_ * width_];
      const double forcing =
          0.3 * std::cos(4.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n_));
      const double* u = &u_[i * width_];
      double* old = &before_[i * width_];
      const double* n_old = &n_old_[i * width_];
      double* n_new = &n_new_[i * width_];
#pragma GCC ivdep
      for (std::size_t k = 0; k < width_; ++k) {
        n_new[k] = forcing - flux_ * (right[k] * right[k] - left[k] * left[k]);
        old[k] = 2.0 * u[k] - 0.5 * old[k] + dt_ * (2.0 * n_new[k] - n_old[k]);
      }
    }
    n_old_.swap(n_new_);
    before_.swap(u_);
  }

  void substitute() {
    for (std::size_t i = 0; i < n_; ++i) eliminate(lower_[i], &u_[i * width_]);
    for (std::size_t i = n_; i-- > 0;) {
      double* x = &u_[i * width_];
      eliminate(upper_[i], x);
      for (std::size_t k = 0; k < width_; ++k) x[k] *= inverse_diagonal_[i];
    }
  }

  void eliminate(const Row& row, double* x) const {
    for (std::size_t e = 0; e < row.values.size(); ++e) {
      const double value = row.values[e];
      const double* y = &u_[row.columns[e] * width_];
#pragma GCC ivdep
      for (std::size_t k = 0; k < width_; ++k) x[k] -= value * y[k];
    }
  }

  std::size_t n_, width_;
  double dt_, flux_;
  std::vector<Row> lower_, upper_;
  std::vector<double> inverse_diagonal_, u_, before_, n_old_, n_new_;
};

}  // namespace jpo
