#pragma once
// A model with an observation that can be computed by hand, for tests of code that uses models:
//   y_j = c_0 m_0 + j m_1^2,  j = 0, 1, 2.  The solve of a row diverges if |m_0| > 10.

#include <cmath>

#include "core/random.hpp"
#include "models/forward_model.hpp"

namespace jpo {

class LineModel : public ForwardModel {
 public:
  static constexpr std::int64_t kObservation = 3;

  /// An `adjoint_factor` other than 1 makes the gradient wrong. `observation_shift` is added to y.
  explicit LineModel(double adjoint_factor = 1.0, double observation_shift = 0.0)
      : adjoint_factor_(adjoint_factor), shift_(observation_shift) {
    shape_.parameters = {{"slope", "bend"}, {"", ""}, {-2, 0}, {2, 4}, {0, 2}, {2, 2}};
    shape_.context = {1, 1, false, "", ""};
    shape_.observation = {1, kObservation, false, "", ""};
    shape_.has_tangent = true;
  }

  const ModelShape& shape() const override { return shape_; }

  void sample(std::uint64_t seed, std::span<double> c, std::span<double> m) const override {
    RandomStream stream(seed);
    c[0] = stream.uniform(0.5, 1.5);
    m[0] = stream.uniform(-2.0, 2.0);
    m[1] = stream.uniform(0.0, 4.0);
  }

  void solve(const Batch& c, const Batch& m, Batch& y, std::span<SolveStatus> status) override {
    ++n_solve;
    c_ = c.copy();
    m_ = m.copy();
    const auto y_rows = y.write();
    for (std::int64_t row = 0; row < m.n_problem(); ++row) {
      const auto m_row = m.read().row(row);
      for (std::int64_t j = 0; j < kObservation; ++j)
        y_rows.row(row)[static_cast<std::size_t>(j)] =
            c.read().row(row)[0] * m_row[0] + static_cast<double>(j) * m_row[1] * m_row[1] + shift_;
      status[static_cast<std::size_t>(row)] =
          std::abs(m_row[0]) > 10.0 ? SolveStatus::diverged : SolveStatus::converged;
    }
  }

  void adjoint(const Batch& w, Batch& g) override {
    ++n_adjoint;
    const auto g_rows = g.write();
    for (std::int64_t row = 0; row < w.n_problem(); ++row) {
      const auto w_row = w.read().row(row);
      g_rows.row(row)[0] =
          adjoint_factor_ * c_.read().row(row)[0] * (w_row[0] + w_row[1] + w_row[2]);
      g_rows.row(row)[1] =
          adjoint_factor_ * 2.0 * m_.read().row(row)[1] * (w_row[1] + 2.0 * w_row[2]);
    }
  }

  void tangent(const Batch& v, Batch& dy) override {
    const auto dy_rows = dy.write();
    for (std::int64_t row = 0; row < v.n_problem(); ++row)
      for (std::int64_t j = 0; j < kObservation; ++j)
        dy_rows.row(row)[static_cast<std::size_t>(j)] =
            c_.read().row(row)[0] * v.read().row(row)[0] +
            static_cast<double>(j) * 2.0 * m_.read().row(row)[1] * v.read().row(row)[1];
  }

  int n_solve = 0;
  int n_adjoint = 0;

 private:
  ModelShape shape_;
  double adjoint_factor_;
  double shift_;
  Batch c_, m_;
};

}  // namespace jpo
