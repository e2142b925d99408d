// Tests which gradient the optimizer gets in a step of the weights.

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/methods/make_job.hpp"
#include "training/clipped_step.hpp"

namespace jpo {
namespace {

// The first step of Adam does not depend on the length of the gradient, so three steps of different
// lengths are tested.
TEST(ClippedStep, DividesByTheUnitAndClips) {
  Job job = solved_job(R"(
[data]
n_problem = 2
[model]
name = "wave_packet"
[network]
name = "mlp"
hidden = [4]
precision = "double"
[[method]]
kind = "joint"
updates = 1
)",
                       {}, MPI_COMM_SELF);
  Objective objective = job.objective();
  MethodResult result = job.empty_result();
  const Task task = job.task("joint", objective, result);
  const NetworkShape shape = network_shape(objective.shape(), 2);
  Network stepped(task.network, shape, 1), expected(task.network, shape, 1);
  ClippedStep step(task, stepped, 3.0, 2.0), free(task, stepped, 0.0, 2.0);
  const auto n = static_cast<std::size_t>(stepped.n_weight());
  std::vector<double> gradient(n, 0.0), given(n, 0.0);
  const auto test_step = [&](ClippedStep& by, double first, double expected_first) {
    gradient[0] = first;
    given[0] = expected_first;
    JointSum sum;
    sum.gradient_norm = first;
    by.take(gradient, sum, 0.1);
    expected.step(given, 0.1);
    EXPECT_EQ(stepped.weights(), expected.weights()) << first;
  };
  test_step(step, 4.0, 2.0);   // 4 / 2 is within the limit of 3
  test_step(step, 16.0, 3.0);  // 16 / 2 is clipped to 3
  test_step(free, 16.0, 8.0);  // no limit
}

}  // namespace
}  // namespace jpo
