#include <algorithm>
#include <cmath>

#include "core/dot.hpp"
#include "solving/per_problem/gauss_newton.hpp"

namespace jpo {
namespace {

// Relative residual at which an inner solve ends.
constexpr double kForcing = 0.1;
// Factor of the length of a rejected step.
constexpr double kShorter = 0.25;

// Inner solve of one path, in units of the scale: (H + lambda sigma) x = -g, in which sigma is the
// curvature along the first gradient.
struct Inner {
  std::vector<double> x, r, p, hp;
  double r_square = 0.0;
  double r_first = 0.0;
  double sigma = 0.0;
  /// g.x.
  double slope = 0.0;
  /// x.Hx.
  double curvature = 0.0;
  /// Share of x in the last trial.
  double length = 1.0;
};

class CgGaussNewton : public GaussNewton {
 public:
  CgGaussNewton(Objective& objective, std::int64_t window, std::int64_t max_iterations)
      : objective_(objective),
        space_(objective.shape().parameters),
        n_(static_cast<std::size_t>(space_.size())),
        max_iterations_(std::min(max_iterations, space_.size())),
        weights_(window, objective.shape().observation.size()),
        direction_(window, space_.size()),
        product_(window, space_.size()),
        dy_(window, objective.shape().observation.size()),
        inner_(static_cast<std::size_t>(window)),
        step_(n_) {
    for (Inner& inner : inner_)
      for (auto* vector : {&inner.x, &inner.r, &inner.p, &inner.hp}) vector->resize(n_);
  }

  std::int64_t n_solve() const override { return 1 + 2 * max_iterations_; }

  void linearize(std::span<GaussNewtonPath> paths, std::span<const std::uint8_t> needed,
                 Ledger& ledger) override {
    for (Batch* batch : {&weights_, &direction_, &product_, &dy_})
      batch->set_n_problem(static_cast<std::int64_t>(paths.size()));
    gradient(paths, needed, ledger);
    std::vector<std::uint8_t> running(needed.begin(), needed.end());
    for (std::size_t k = 0; k < paths.size(); ++k)
      if (running[k] != 0) begin(paths[k], inner_[k]);
    for (std::int64_t iteration = 0; iteration < max_iterations_; ++iteration) {
      for (std::size_t k = 0; k < paths.size(); ++k)
        if (running[k] != 0 && !(inner_[k].r_square > std::pow(kForcing * inner_[k].r_first, 2)))
          running[k] = 0;
      if (std::ranges::count(running, 1) == 0) break;
      multiply(paths, running, ledger);
      for (std::size_t k = 0; k < paths.size(); ++k)
        if (running[k] != 0 && !advance(paths[k], inner_[k], iteration)) running[k] = 0;
    }
    for (std::size_t k = 0; k < paths.size(); ++k)
      if (needed[k] != 0) finish(paths[k], inner_[k]);
  }

  double propose(std::span<GaussNewtonPath> paths, std::size_t k, bool again) override {
    GaussNewtonPath& path = paths[k];
    Inner& inner = inner_[k];
    inner.length = again ? kShorter * inner.length : 1.0;
    for (std::size_t i = 0; i < n_; ++i) step_[i] = inner.length * inner.x[i] * space_.scale[i];
    const double largest = set_trial(path, space_, step_);
    path.predicted =
        -inner.length * inner.slope - 0.5 * inner.length * inner.length * inner.curvature;
    return largest;
  }

  void move(std::size_t from, std::size_t to) override { std::swap(inner_[from], inner_[to]); }

  std::vector<double> state(std::size_t k) const override {
    const Inner& inner = inner_[k];
    std::vector<double> numbers = {inner.sigma, inner.slope, inner.curvature, inner.length};
    numbers.insert(numbers.end(), inner.x.begin(), inner.x.end());
    return numbers;
  }

  void set_state(std::size_t k, std::span<const double> numbers) override {
    Inner& inner = inner_[k];
    inner.sigma = numbers[0];
    inner.slope = numbers[1];
    inner.curvature = numbers[2];
    inner.length = numbers[3];
    std::ranges::copy(numbers.subspan(4, n_), inner.x.begin());
  }

 private:
  void gradient(std::span<GaussNewtonPath> paths, std::span<const std::uint8_t> needed,
                Ledger& ledger) {
    {
      const auto w = weights_.write();
      for (std::int64_t k = 0; k < weights_.n_problem(); ++k)
        objective_.read_residual_weights(k, w.row(k));
    }
    objective_.adjoint(needed, weights_, product_, ledger);
    const auto g = product_.read();
    for (std::size_t k = 0; k < paths.size(); ++k) {
      if (needed[k] == 0) continue;
      std::ranges::copy(g.row(k), paths[k].g.begin());
      objective_.misfit().add_prior_gradient(paths[k].trial, paths[k].g);
    }
  }

  void begin(const GaussNewtonPath& path, Inner& inner) const {
    std::ranges::fill(inner.x, 0.0);
    for (std::size_t i = 0; i < n_; ++i)
      inner.r[i] = is_free(path, space_, i) ? -path.g[i] * space_.scale[i] : 0.0;
    inner.p = inner.r;
    inner.r_square = dot(inner.r, inner.r);
    inner.r_first = std::sqrt(inner.r_square);
  }

  // Sets hp = H p of each running path by a tangent and an adjoint solve.
  void multiply(std::span<GaussNewtonPath> paths, std::span<const std::uint8_t> running,
                Ledger& ledger) {
    {
      direction_.fill(0.0);
      const auto v = direction_.write();
      for (std::size_t k = 0; k < paths.size(); ++k)
        for (std::size_t i = 0; i < n_ && running[k] != 0; ++i)
          v.row(k)[i] = inner_[k].p[i] * space_.scale[i];
    }
    objective_.tangent(running, direction_, dy_, ledger);
    const double weight = objective_.misfit().residual_curvature();
    {
      const auto dy = dy_.write();
      for (double& value : dy.values()) value *= weight;
    }
    objective_.adjoint(running, dy_, product_, ledger);
    const auto product = product_.read();
    for (std::size_t k = 0; k < paths.size(); ++k) {
      if (running[k] == 0) continue;
      for (std::size_t i = 0; i < n_; ++i) {
        const double scale = space_.scale[i];
        inner_[k].hp[i] = is_free(paths[k], space_, i)
                              ? scale * product.row(k)[i] + objective_.misfit().prior_curvature(i) *
                                                                scale * scale * inner_[k].p[i]
                              : 0.0;
      }
    }
  }

  // Does an iteration of conjugate gradients. Returns false if the curvature is not positive.
  bool advance(const GaussNewtonPath& path, Inner& inner, std::int64_t iteration) const {
    const double p_square = dot(inner.p, inner.p);
    if (iteration == 0 && !path.started) inner.sigma = dot(inner.p, inner.hp) / p_square;
    const double curvature = dot(inner.p, inner.hp) + path.damping * inner.sigma * p_square;
    if (!(curvature > 0.0)) return false;
    const double alpha = inner.r_square / curvature;
    for (std::size_t i = 0; i < n_; ++i) {
      inner.x[i] += alpha * inner.p[i];
      inner.r[i] -= alpha * (inner.hp[i] + path.damping * inner.sigma * inner.p[i]);
    }
    const double r_square = dot(inner.r, inner.r);
    const double beta = r_square / inner.r_square;
    inner.r_square = r_square;
    for (std::size_t i = 0; i < n_; ++i) inner.p[i] = inner.r[i] + beta * inner.p[i];
    return true;
  }

  // Computes slope and curvature, x.Hx from the residual: H x = -g - r - lambda sigma x on the free
  // components.
  void finish(const GaussNewtonPath& path, Inner& inner) const {
    inner.slope = 0.0;
    inner.curvature = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
      const double g = is_free(path, space_, i) ? path.g[i] * space_.scale[i] : 0.0;
      inner.slope += g * inner.x[i];
      inner.curvature += inner.x[i] * (-g - inner.r[i] - path.damping * inner.sigma * inner.x[i]);
    }
  }

  Objective& objective_;
  const ParameterSpace& space_;
  std::size_t n_;
  std::int64_t max_iterations_;
  Batch weights_, direction_, product_, dy_;
  std::vector<Inner> inner_;
  std::vector<double> step_;
};

}  // namespace

std::unique_ptr<GaussNewton> make_cg_gauss_newton(Objective& objective, std::int64_t window,
                                                  std::int64_t max_iterations) {
  return std::make_unique<CgGaussNewton>(objective, window, max_iterations);
}

}  // namespace jpo
