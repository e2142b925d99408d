#include "lanes/cyclic_band_lu.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/checks.hpp"

namespace jpo {
namespace {

constexpr double kNegligible = 1e-18;
constexpr double kProductTolerance = 1e-12;

}  // namespace

/// Entries A(i, i + d), d = -w .. w, with periodic column indices.
template <int half_bandwidth>
struct CyclicBandLu<half_bandwidth>::Matrix {
  explicit Matrix(std::int64_t n_in) : n(n_in), values(n_in * kWidth) {}
  static constexpr int kWidth = 2 * kW + 1;
  std::int64_t n;
  std::vector<double> values;

  double& at(std::int64_t i, std::int64_t d) { return values[i * kWidth + d + kW]; }
  /// Returns A(i, j); 0 outside the band.
  double entry(std::int64_t i, std::int64_t j) const {
    const std::int64_t d = distance(i, j);
    return std::abs(d) > kW ? 0.0 : values[i * kWidth + d + kW];
  }
  /// Returns the signed distance from i to j in the shorter direction.
  std::int64_t distance(std::int64_t i, std::int64_t j) const {
    const std::int64_t forward = (j - i + n) % n;
    return forward > n / 2 ? forward - n : forward;
  }
  double largest() const {
    double result = 0.0;
    for (const double value : values) result = std::max(result, std::abs(value));
    return result;
  }
};

template <int half_bandwidth>
auto CyclicBandLu<half_bandwidth>::read(Mat matrix) -> Matrix {
  const auto refuse = [] {
    throw std::invalid_argument(
        "CyclicBandLu: the matrix is not symmetric or has entries outside the band");
  };
  PetscInt n = 0;
  PETSC(MatGetSize(matrix, &n, nullptr));
  if (n < 4 * kW) throw std::invalid_argument("CyclicBandLu: too few rows");
  Matrix a(n);
  for (PetscInt i = 0; i < n; ++i) {
    PetscInt n_entry = 0;
    const PetscInt* columns = nullptr;
    const PetscScalar* values = nullptr;
    PETSC(MatGetRow(matrix, i, &n_entry, &columns, &values));
    bool in_band = true;
    for (PetscInt k = 0; k < n_entry; ++k) {
      const std::int64_t d = a.distance(i, columns[k]);
      if (std::abs(d) <= kW)
        a.at(i, d) = values[k];
      else
        in_band = in_band && values[k] == 0.0;
    }
    PETSC(MatRestoreRow(matrix, i, &n_entry, &columns, &values));
    if (!in_band) refuse();
  }
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t d = 1; d <= kW; ++d)
      if (a.entry(i, (i + d) % n) != a.entry((i + d) % n, i)) refuse();
  return a;
}

template <int half_bandwidth>
CyclicBandLu<half_bandwidth>::CyclicBandLu(Mat matrix, MemorySpace space) {
  const Matrix a = read(matrix);
  n_ = a.n;
  n_band_ = n_ - kW;
  factor(a);
  check_product(a);
  std::vector<double> all;
  for (const Columns* part : {&lower_, &upper_, &row_, &column_})
    for (const auto& values : *part) all.insert(all.end(), values.begin(), values.end());
  all.insert(all.end(), inverse_diagonal_.begin(), inverse_diagonal_.end());
  stored_ = KernelArray<double>(space, all);
}

template <int half_bandwidth>
CyclicBandSweeps<half_bandwidth> CyclicBandLu<half_bandwidth>::sweeps() const {
  CyclicBandSweeps<half_bandwidth> result{};
  result.n_band_ = n_band_;
  result.head_ = head_;
  const double* next = stored_.data();
  for (auto* part : {&result.lower_, &result.upper_, &result.row_, &result.column_})
    for (const double*& values : *part) {
      values = next;
      next += n_;
    }
  result.inverse_diagonal_ = next;
  return result;
}

// Copies the entries of A, then eliminates column by column in place.
template <int half_bandwidth>
void CyclicBandLu<half_bandwidth>::factor(const Matrix& a) {
  for (std::int64_t i = 0; i < n_; ++i) {
    diagonal_.push_back(a.entry(i, i));
    for (std::int64_t k = 0; k < kW; ++k) {
      const std::int64_t border = n_band_ + k;
      lower_[k].push_back(i < n_band_ && i > k ? a.entry(i, i - 1 - k) : 0.0);
      upper_[k].push_back(i + 1 + k < n_band_ ? a.entry(i, i + 1 + k) : 0.0);
      row_[k].push_back(i < border ? a.entry(border, i) : 0.0);
      column_[k].push_back(i < border ? a.entry(i, border) : 0.0);
    }
  }
  for (std::int64_t pivot = 0; pivot < n_; ++pivot) eliminate(pivot);
  drop_negligible();
  for (const double value : diagonal_) inverse_diagonal_.push_back(1.0 / value);
}

// Eliminates the rows below the pivot with an entry in its column: up to w band rows, and the
// border.
template <int half_bandwidth>
void CyclicBandLu<half_bandwidth>::eliminate(std::int64_t pivot) {
  const std::int64_t last = std::min(pivot + kW, n_band_ - 1);
  for (std::int64_t i = pivot + 1; i <= last; ++i) {
    double& factor = lower_[i - pivot - 1][i];
    factor /= diagonal_[pivot];
    for (std::int64_t j = pivot + 1; j <= last; ++j) {
      double& entry = j < i ? lower_[i - j - 1][i] : j == i ? diagonal_[i] : upper_[j - i - 1][i];
      entry -= factor * upper_[j - pivot - 1][pivot];
    }
    for (auto& column : column_) column[i] -= factor * column[pivot];
  }
  for (std::int64_t k = std::max<std::int64_t>(0, pivot - n_band_ + 1); k < kW; ++k) {
    std::vector<double>& row = row_[k];
    row[pivot] /= diagonal_[pivot];
    for (std::int64_t j = pivot + 1; j <= last; ++j)
      row[j] -= row[pivot] * upper_[j - pivot - 1][pivot];
    for (std::int64_t q = std::max<std::int64_t>(0, pivot - n_band_ + 1); q < kW; ++q) {
      const std::int64_t border = n_band_ + q;
      double& entry = q < k ? row[border] : q == k ? diagonal_[border] : column_[q][n_band_ + k];
      entry -= row[pivot] * column_[q][pivot];
    }
  }
}

// Entries of L are compared with its diagonal, 1; those of U with its largest entry.
template <int half_bandwidth>
void CyclicBandLu<half_bandwidth>::drop_negligible() {
  const auto drop = [](Columns& part, double size) {
    for (auto& values : part)
      for (double& value : values) value = std::abs(value) < kNegligible * size ? 0.0 : value;
  };
  double largest = 0.0;
  for (const double value : diagonal_) largest = std::max(largest, std::abs(value));
  drop(lower_, 1.0);
  drop(row_, 1.0);
  drop(upper_, largest);
  drop(column_, largest);
  for (std::int64_t i = 0; i < n_band_ - kW; ++i)
    for (std::size_t k = 0; k < kW; ++k)
      if (row_[k][i] != 0.0 || column_[k][i] != 0.0) head_ = i + 1;
}

template <int half_bandwidth>
double CyclicBandLu<half_bandwidth>::lower_entry(std::int64_t i, std::int64_t j) const {
  if (i == j) return 1.0;
  if (i >= n_band_) return row_[i - n_band_][j];
  return i - j > kW ? 0.0 : lower_[i - j - 1][i];
}

template <int half_bandwidth>
double CyclicBandLu<half_bandwidth>::upper_entry(std::int64_t i, std::int64_t j) const {
  if (i == j) return diagonal_[i];
  if (j >= n_band_) return column_[j - n_band_][i];
  return j - i > kW ? 0.0 : upper_[j - i - 1][i];
}

// Checks all entries that the factors or A can have: the band, and the rows and columns of the
// border.
template <int half_bandwidth>
void CyclicBandLu<half_bandwidth>::check_product(const Matrix& a) const {
  const double limit = kProductTolerance * a.largest();
  const auto check = [&](std::int64_t i, std::int64_t j) {
    const std::int64_t first =
        std::max({std::int64_t{0}, i < n_band_ ? i - kW : 0, j < n_band_ ? j - kW : 0});
    double product = 0.0;
    for (std::int64_t k = first; k <= std::min(i, j); ++k)
      product += lower_entry(i, k) * upper_entry(k, j);
    if (!(std::abs(product - a.entry(i, j)) <= limit))
      throw std::invalid_argument("CyclicBandLu: L U differs from the matrix: pivoting is needed");
  };
  for (std::int64_t i = 0; i < n_; ++i) {
    for (std::int64_t j = std::max<std::int64_t>(0, i - kW); j <= std::min(i + kW, n_ - 1); ++j)
      check(i, j);
    for (std::int64_t j = n_band_; j < n_; ++j) {
      check(i, j);
      check(j, i);
    }
  }
}

template class CyclicBandLu<2>;
template class CyclicBandLu<3>;

}  // namespace jpo
