#include "models/cyclic_band_lu.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/checks.hpp"

namespace jpo {
namespace {

constexpr double kNegligible = 1e-18;
constexpr double kProductTolerance = 1e-12;

std::vector<double> dense_rows(Mat matrix, std::int64_t n) {
  std::vector<double> a(static_cast<std::size_t>(n * n), 0.0);
  for (PetscInt i = 0; i < n; ++i) {
    PetscInt n_entry = 0;
    const PetscInt* columns = nullptr;
    const PetscScalar* values = nullptr;
    PETSC(MatGetRow(matrix, i, &n_entry, &columns, &values));
    for (PetscInt k = 0; k < n_entry; ++k)
      a[static_cast<std::size_t>(i * n + columns[k])] = values[k];
    PETSC(MatRestoreRow(matrix, i, &n_entry, &columns, &values));
  }
  return a;
}

double largest_magnitude(const std::vector<double>& values) {
  double largest = 0.0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

void check_shape(const std::vector<double>& a, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      const double value = a[static_cast<std::size_t>(i * n + j)];
      const std::int64_t distance = std::min((i - j + n) % n, (j - i + n) % n);
      if (value != a[static_cast<std::size_t>(j * n + i)] || (distance > 2 && value != 0.0))
        throw std::invalid_argument("CyclicBandLu: not a symmetric cyclic pentadiagonal matrix");
    }
  }
}

// L (unit diagonal) and U in place; skips zeros, so that the band costs what a band costs.
void eliminate(std::vector<double>& a, std::int64_t n) {
  const auto at = [&](std::int64_t i, std::int64_t j) -> double& {
    return a[static_cast<std::size_t>(i * n + j)];
  };
  for (std::int64_t k = 0; k < n; ++k) {
    for (std::int64_t i = k + 1; i < n; ++i) {
      if (at(i, k) == 0.0) continue;
      at(i, k) /= at(k, k);
      for (std::int64_t j = k + 1; j < n; ++j)
        if (at(k, j) != 0.0) at(i, j) -= at(i, k) * at(k, j);
    }
  }
}

}  // namespace

CyclicBandLu::CyclicBandLu(Mat matrix) {
  PetscInt n = 0;
  PETSC(MatGetSize(matrix, &n, nullptr));
  if (n < 8) throw std::invalid_argument("CyclicBandLu: fewer than 8 rows");
  n_ = n;
  const std::vector<double> a = dense_rows(matrix, n_);
  check_shape(a, n_);
  std::vector<double> lu = a;
  factor(lu);
  check_product(a, lu);
}

void CyclicBandLu::factor(std::vector<double>& a) {
  eliminate(a, n_);
  const double negligible = kNegligible * largest_magnitude(a);
  for (double& value : a)
    if (std::abs(value) < negligible) value = 0.0;
  const auto at = [&](std::int64_t i, std::int64_t j) {
    return i < 0 || j < 0 ? 0.0 : a[static_cast<std::size_t>(i * n_ + j)];
  };
  const std::int64_t n_band = n_ - 2;
  for (std::int64_t i = 0; i < n_; ++i) {
    l1_.push_back(i < n_band ? at(i, i - 1) : 0.0);
    l2_.push_back(i < n_band ? at(i, i - 2) : 0.0);
    u1_.push_back(i + 1 < n_band ? at(i, i + 1) : 0.0);
    u2_.push_back(i + 2 < n_band ? at(i, i + 2) : 0.0);
    row_p_.push_back(i < n_band ? at(n_ - 2, i) : 0.0);
    row_q_.push_back(i < n_ - 1 ? at(n_ - 1, i) : 0.0);
    column_p_.push_back(i < n_band ? at(i, n_ - 2) : 0.0);
    column_q_.push_back(i < n_ - 1 ? at(i, n_ - 1) : 0.0);
    inverse_diagonal_.push_back(1.0 / at(i, i));
    const auto k = static_cast<std::size_t>(i);
    const bool corner =
        row_p_[k] != 0.0 || row_q_[k] != 0.0 || column_p_[k] != 0.0 || column_q_[k] != 0.0;
    if (corner && i < n_band - 2) head_ = i + 1;
  }
}

void CyclicBandLu::check_product(const std::vector<double>& a,
                                 const std::vector<double>& lu) const {
  const double limit = kProductTolerance * largest_magnitude(a);
  for (std::int64_t i = 0; i < n_; ++i) {
    for (std::int64_t j = 0; j < n_; ++j) {
      double product = j >= i ? lu[static_cast<std::size_t>(i * n_ + j)] : 0.0;
      for (std::int64_t k = 0; k < std::min(i, j + 1); ++k)
        product +=
            lu[static_cast<std::size_t>(i * n_ + k)] * lu[static_cast<std::size_t>(k * n_ + j)];
      if (!(std::abs(product - a[static_cast<std::size_t>(i * n_ + j)]) <= limit))
        throw std::invalid_argument(
            "CyclicBandLu: the factors miss the matrix; pivoting is needed");
    }
  }
}

}  // namespace jpo
