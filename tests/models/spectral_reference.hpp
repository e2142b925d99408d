#pragma once
// An independent solution of the Kuramoto-Sivashinsky equation: Fourier pseudo-spectral in space
// (two-thirds rule), ETDRK4 in time (Cox, Matthews 2002; coefficients by contour integrals after
// Kassam, Trefethen 2005, doi 10.1137/S1064827502410633). It uses no code of the model.

#include <cmath>
#include <complex>
#include <numbers>
#include <span>
#include <vector>

namespace jpo {

class SpectralReference {
 public:
  using Complex = std::complex<double>;
  using Field = std::vector<Complex>;

  /// n must be a power of two.
  SpectralReference(std::size_t n, double length, double dt)
      : n_(n), dt_(dt), wave_(n), forcing_(n) {
    for (std::size_t j = 0; j < n; ++j) {
      const double index =
          j <= n / 2 ? static_cast<double>(j) : static_cast<double>(j) - static_cast<double>(n);
      wave_[j] = 2.0 * std::numbers::pi / length * index;
      add_coefficients(wave_[j] * wave_[j] - std::pow(wave_[j], 4));
      forcing_[j] =
          std::cos(4.0 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(n));
    }
    transform(forcing_, false);
  }

  /// Returns u at time n_step * dt from u at time 0, both at the n grid points.
  std::vector<double> solve(std::span<const double> u, double alpha, double beta,
                            int n_step) const {
    Field v(u.begin(), u.end());
    transform(v, false);
    for (int step = 0; step < n_step; ++step) advance(v, alpha, beta);
    transform(v, true);
    std::vector<double> result;
    for (const Complex& value : v) result.push_back(value.real());
    return result;
  }

 private:
  void add_coefficients(double l) {
    constexpr int n_point = 64;
    Complex q = 0.0, f1 = 0.0, f2 = 0.0, f3 = 0.0;
    for (int j = 0; j < n_point; ++j) {
      const Complex z = dt_ * l + std::polar(1.0, 2.0 * std::numbers::pi * (j + 0.5) / n_point);
      q += (std::exp(z / 2.0) - 1.0) / z;
      f1 += (-4.0 - z + std::exp(z) * (4.0 - 3.0 * z + z * z)) / (z * z * z);
      f2 += (2.0 + z + std::exp(z) * (-2.0 + z)) / (z * z * z);
      f3 += (-4.0 - 3.0 * z - z * z + std::exp(z) * (4.0 - z)) / (z * z * z);
    }
    const double weight = dt_ / n_point;
    e_.push_back(std::exp(dt_ * l));
    half_.push_back(std::exp(0.5 * dt_ * l));
    q_.push_back(weight * q.real());
    f1_.push_back(weight * f1.real());
    f2_.push_back(weight * f2.real());
    f3_.push_back(weight * f3.real());
  }

  // Returns alpha G - beta (u^2 / 2)_x in Fourier space, without aliasing errors.
  Field nonlinear(const Field& v, double alpha, double beta) const {
    Field u = v;
    transform(u, true);
    for (Complex& value : u) value = 0.5 * value.real() * value.real();
    transform(u, false);
    for (std::size_t j = 0; j < n_; ++j) {
      const bool keep = 3 * std::min(j, n_ - j) < n_;
      u[j] = alpha * forcing_[j] - (keep ? beta * Complex(0.0, wave_[j]) * u[j] : Complex(0.0));
    }
    return u;
  }

  void advance(Field& v, double alpha, double beta) const {
    const Field nv = nonlinear(v, alpha, beta);
    Field a(n_), b(n_), c(n_);
    for (std::size_t j = 0; j < n_; ++j) a[j] = half_[j] * v[j] + q_[j] * nv[j];
    const Field na = nonlinear(a, alpha, beta);
    for (std::size_t j = 0; j < n_; ++j) b[j] = half_[j] * v[j] + q_[j] * na[j];
    const Field nb = nonlinear(b, alpha, beta);
    for (std::size_t j = 0; j < n_; ++j) c[j] = half_[j] * a[j] + q_[j] * (2.0 * nb[j] - nv[j]);
    const Field nc = nonlinear(c, alpha, beta);
    for (std::size_t j = 0; j < n_; ++j)
      v[j] = e_[j] * v[j] + nv[j] * f1_[j] + 2.0 * (na[j] + nb[j]) * f2_[j] + nc[j] * f3_[j];
  }

  // Radix-2 fast Fourier transform in place; the inverse divides by n.
  static void transform(Field& x, bool inverse) {
    const std::size_t n = x.size();
    for (std::size_t i = 1, j = 0; i < n; ++i) {
      std::size_t bit = n >> 1U;
      for (; (j & bit) != 0; bit >>= 1U) j ^= bit;
      j ^= bit;
      if (i < j) std::swap(x[i], x[j]);
    }
    for (std::size_t size = 2; size <= n; size *= 2) {
      const double turn = (inverse ? 2.0 : -2.0) * std::numbers::pi / static_cast<double>(size);
      for (std::size_t j = 0; j < size / 2; ++j) {
        const Complex w = std::polar(1.0, turn * static_cast<double>(j));
        for (std::size_t i = j; i < n; i += size) {
          const Complex odd = w * x[i + size / 2];
          x[i + size / 2] = x[i] - odd;
          x[i] += odd;
        }
      }
    }
    if (inverse)
      for (Complex& value : x) value /= static_cast<double>(n);
  }

  std::size_t n_;
  double dt_;
  std::vector<double> wave_;
  Field forcing_;
  std::vector<double> e_, half_, q_, f1_, f2_, f3_;
};

}  // namespace jpo
