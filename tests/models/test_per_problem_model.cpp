// The base class of models for one problem, with a workspace whose derivative needs its states.

#include <cmath>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "models/per_problem_model.hpp"

namespace jpo {
namespace {

struct Counts {
  int workspaces = 0;
  int solves = 0;
};

// y = m^2. A solve throws if m < 0, and diverges if m > 100; an adjoint throws if w < 0.
class Square : public ProblemWorkspace {
 public:
  explicit Square(Counts& counts) : counts_(counts) { ++counts_.workspaces; }
  SolveStatus solve(std::span<const double> /*c*/, std::span<const double> m,
                    std::span<double> y) override {
    ++counts_.solves;
    if (m[0] < 0.0) throw std::runtime_error("negative");
    m_ = m[0];
    y[0] = m_ > 100.0 ? std::nan("") : m_ * m_;
    return SolveStatus::converged;
  }
  void adjoint(std::span<const double> w, std::span<double> g) override {
    if (w[0] < 0.0) throw std::runtime_error("negative");
    g[0] = 2.0 * m_ * w[0];
  }
  void tangent(std::span<const double> v, std::span<double> dy) override {
    dy[0] = 2.0 * m_ * v[0];
  }
  Trajectory trajectory() override { return {{0.0}, 1, 1.0, {m_}}; }

 private:
  Counts& counts_;
  double m_ = 0.0;
};

class Squares : public PerProblemModel {
 public:
  Squares(KeptStates kept, Counts& counts) : counts_(counts) {
    shape_.parameters = {{"m"}, {"1"}, {-1e3}, {1e3}, {0.0}, {1.0}};
    shape_.observation = {1, 1, false, "1", "m^2"};
    shape_.has_tangent = true;
    set_memory(kept, 1000.0);
  }
  void sample(std::uint64_t /*seed*/, std::span<double> /*c*/, std::span<double> m) const override {
    m[0] = 1.0;
  }

 protected:
  std::unique_ptr<ProblemWorkspace> make_workspace() const override {
    return std::make_unique<Square>(counts_);
  }

 private:
  Counts& counts_;
};

Batch column(const std::vector<double>& values) {
  Batch batch(std::ssize(values), 1);
  std::ranges::copy(values, batch.write().values().begin());
  return batch;
}
std::vector<double> values_of(const Batch& batch) {
  const auto rows = batch.read();
  return {rows.values().begin(), rows.values().end()};
}

// Solves at 1, 2, 3; returns the gradients with w = 1, 10, 100.
std::vector<double> gradients(Squares& model) {
  const Batch c(3, 0), m = column({1.0, 2.0, 3.0}), w = column({1.0, 10.0, 100.0});
  Batch y(3, 1), g(3, 1);
  std::vector<SolveStatus> status(3);
  model.solve(c, m, y, status);
  EXPECT_EQ(values_of(y), (std::vector<double>{1.0, 4.0, 9.0}));
  model.adjoint(w, g);
  return values_of(g);
}

TEST(PerProblemModel, RepeatsSolvesWithOneWorkspace) {
  Counts counts;
  Squares model(KeptStates::of_last_problem, counts);
  EXPECT_EQ(gradients(model), (std::vector<double>{2.0, 40.0, 600.0}));
  EXPECT_EQ(counts.workspaces, 1);
  EXPECT_EQ(counts.solves,
            6);  // the third problem's states are the last ones until the first adjoint
  EXPECT_EQ(model.trajectory(1).states, std::vector<double>{2.0});
  Batch dy(3, 1);
  model.tangent(column({1.0, 1.0, 1.0}), dy);
  EXPECT_EQ(values_of(dy), (std::vector<double>{2.0, 4.0, 6.0}));
  EXPECT_EQ(model.shape().recompute_factor, 2.0);
  EXPECT_EQ(model.shape().fixed_bytes, 1000.0);
  EXPECT_EQ(model.shape().state_bytes, 8.0);
}

TEST(PerProblemModel, RepeatsNoSolveOfASingleProblem) {
  Counts counts;
  Squares model(KeptStates::of_last_problem, counts);
  const Batch c(1, 0);
  Batch y(1, 1), g(1, 1);
  std::vector<SolveStatus> status(1);
  model.solve(c, column({5.0}), y, status);
  model.adjoint(column({1.0}), g);
  EXPECT_EQ(values_of(g), std::vector<double>{10.0});
  EXPECT_EQ(counts.solves, 1);
  // New parameters of the same row.
  model.solve(c, column({6.0}), y, status);
  model.adjoint(column({1.0}), g);
  EXPECT_EQ(values_of(g), std::vector<double>{12.0});
  EXPECT_EQ(counts.solves, 2);
}

TEST(PerProblemModel, KeepsAWorkspacePerProblem) {
  Counts counts;
  Squares model(KeptStates::of_every_problem, counts);
  EXPECT_EQ(gradients(model), (std::vector<double>{2.0, 40.0, 600.0}));
  EXPECT_EQ(gradients(model), (std::vector<double>{2.0, 40.0, 600.0}));
  EXPECT_EQ(counts.workspaces, 3);
  EXPECT_EQ(counts.solves, 6);
  EXPECT_EQ(model.trajectory(0).states, std::vector<double>{1.0});
  EXPECT_EQ(model.shape().recompute_factor, 1.0);
  EXPECT_EQ(model.shape().fixed_bytes, 0.0);
  EXPECT_EQ(model.shape().state_bytes, 1008.0);
}

TEST(PerProblemModel, RepeatsNoSolveIfNoStatesAreNeeded) {
  Counts counts;
  Squares model(KeptStates::none, counts);
  // The workspace's states are those of the last problem, m = 3.
  EXPECT_EQ(gradients(model), (std::vector<double>{6.0, 60.0, 600.0}));
  EXPECT_EQ(counts.workspaces, 1);
  EXPECT_EQ(counts.solves, 3);
  // A trajectory always needs the states of its problem.
  EXPECT_EQ(model.trajectory(0).states, std::vector<double>{1.0});
}

class FailedRows : public testing::TestWithParam<KeptStates> {};

TEST_P(FailedRows, DoNotChangeOthers) {
  Counts counts;
  Squares model(GetParam(), counts);
  const Batch c(4, 0), m = column({1.0, -1.0, 101.0, 4.0});
  Batch y(4, 1), g(4, 1);
  std::vector<SolveStatus> status(4);
  for (int again = 0; again < 2; ++again) {
    model.solve(c, m, y, status);
    EXPECT_EQ(status, (std::vector{SolveStatus::converged, SolveStatus::solver_failed,
                                   SolveStatus::diverged, SolveStatus::converged}));
    EXPECT_TRUE(std::isnan(values_of(y)[1]));
    model.adjoint(column({1.0, 1.0, 1.0, -1.0}), g);
    if (GetParam() != KeptStates::none) {
      EXPECT_EQ(values_of(g)[0], 2.0);
    }
    EXPECT_TRUE(std::isnan(values_of(g)[1]));
    EXPECT_TRUE(std::isnan(values_of(g)[3]));  // its adjoint throws
    model.adjoint(column({1.0, 1.0, 1.0, 1.0}), g);
    EXPECT_TRUE(std::isnan(values_of(g)[3]));  // until the next solve
    EXPECT_TRUE(model.trajectory(1).states.empty());
  }
}
INSTANTIATE_TEST_SUITE_P(Kept, FailedRows,
                         testing::Values(KeptStates::none, KeptStates::of_last_problem,
                                         KeptStates::of_every_problem));

TEST(PerProblemModel, RefusesAnotherNumberOfProblems) {
  Counts counts;
  Squares model(KeptStates::of_last_problem, counts);
  gradients(model);
  Batch g(2, 1);
  EXPECT_THROW(model.adjoint(column({1.0, 1.0}), g), std::logic_error);
}

}  // namespace
}  // namespace jpo
