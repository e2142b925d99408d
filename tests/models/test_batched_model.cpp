// Tests the base class of batched models with a model that can be computed by hand:
//   y_j = m_0 c_j + m_0^2,  j = 0, 1.  No tangent.

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "models/batched_kernels.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kObservation = 2;

struct Physics {
  PhysicsSizes sizes() const { return {.states = kObservation * n_lane, .scratch = n_lane}; }
  void solve(const BlockMemory& at, const double* c, double* y) const {
    const Lanes m = load(at.m);
    Lanes sum = lanes_of(0.0);
    for (std::int64_t j = 0; j < kObservation * n_lane; j += n_lane) {
      store(at.states + j, load(c + j) + 2.0 * m);
      store(y + j, m * load(c + j) + m * m);
      sum = sum + 0.0 * load(y + j);
    }
    store(at.scratch, sum);
    mark_not_finite(at.scratch, SolveStatus::diverged, at.status);
  }
  void adjoint(const BlockMemory& at, const double* w, double* g) const {
    Lanes sum = lanes_of(0.0);
    for (std::int64_t j = 0; j < kObservation * n_lane; j += n_lane)
      sum = sum + load(at.states + j) * load(w + j);
    store(g, sum);
  }
};

class Quadratic : public BatchedModel {
 public:
  Quadratic() : BatchedModel(MemorySpace::host) {
    shape_.parameters = {{"m"}, {""}, {-1}, {1}, {0}, {1}};
    shape_.context = {1, kObservation, false, "", ""};
    shape_.observation = {1, kObservation, false, "", ""};
    set_kernels(lane_kernels(Physics{}));
  }
  void sample(std::uint64_t, std::span<double>, std::span<double>) const override {}
  double state(std::int64_t problem, std::int64_t j) const {
    return read_states(problem, j * n_lane, 1)[0];
  }
};

struct Problems {
  explicit Problems(std::int64_t n)
      : c(n, kObservation), m(n, 1), y(n, kObservation), w(n, kObservation), g(n, 1), status(n) {
    for (std::int64_t row = 0; row < n; ++row) {
      m.write().row(row)[0] = 0.5 + static_cast<double>(row);
      for (std::int64_t j = 0; j < kObservation; ++j)
        c.write().row(row)[j] = static_cast<double>(row - 3 * j);
    }
    w.fill(1.0);
  }
  Batch c, m, y, w, g;
  std::vector<SolveStatus> status;
};

void expect_solved(Quadratic& model, std::int64_t n) {
  Problems s(n);
  model.solve(s.c, s.m, s.y, s.status);
  model.adjoint(s.w, s.g);
  for (std::int64_t row = 0; row < n; ++row) {
    const double m = s.m.read().row(row)[0];
    const auto c = s.c.read().row(row);
    EXPECT_EQ(s.status[row], SolveStatus::converged);
    EXPECT_EQ(s.y.read().row(row)[1], m * c[1] + m * m);
    EXPECT_EQ(s.g.read().row(row)[0], c[0] + c[1] + 4.0 * m);
    EXPECT_EQ(model.state(row, 1), c[1] + 2.0 * m);
  }
}

TEST(BatchedModel, SolvesBatchesOfAnySizeOneAfterTheOther) {
  Quadratic model;
  for (const std::int64_t n : {1, 37, 3, 16, 40, 0, 17}) expect_solved(model, n);
}

TEST(BatchedModel, MarksTheLanesThatAreNotFinite) {
  Quadratic model;
  Problems s(21), clean(21);
  for (const std::int64_t row : {0, 17})
    s.m.write().row(row)[0] = std::numeric_limits<double>::infinity();
  model.solve(clean.c, clean.m, clean.y, clean.status);
  model.solve(s.c, s.m, s.y, s.status);
  for (std::int64_t row = 0; row < 21; ++row) {
    const bool failed = row == 0 || row == 17;
    EXPECT_EQ(s.status[row], failed ? SolveStatus::diverged : SolveStatus::converged) << row;
    if (!failed) {
      EXPECT_EQ(s.y.read().row(row)[0], clean.y.read().row(row)[0]) << row;
    }
  }
}

TEST(BatchedModel, RefusesAnotherBatchThanTheLastSolve) {
  Quadratic model;
  Problems s(5), other(4);
  model.solve(s.c, s.m, s.y, s.status);
  EXPECT_THROW(model.adjoint(other.w, other.g), std::logic_error);
  EXPECT_NO_THROW(model.adjoint(s.w, s.g));
}

TEST(BatchedModel, DescribesThePhysics) {
  Quadratic model;
  EXPECT_FALSE(model.shape().has_tangent);
  Problems s(5);
  model.solve(s.c, s.m, s.y, s.status);
  EXPECT_THROW(model.tangent(s.m, s.y), std::logic_error);
  EXPECT_EQ(model.shape().state_block, n_lane);
  EXPECT_EQ(model.shape().state_bytes, (1 + kObservation) * 8.0);  // m and the states
}

}  // namespace
}  // namespace jpo
