// Cost of the Darcy model on its default 64 x 64 cells. Bounds: the factors have 68 000 entries
// (0.8 MB), so a solve with them cannot take less than their two passes through the cache; the
// factorization dominates a forward solve.

#include <benchmark/benchmark.h>

#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

struct DarcyProblems {
  explicit DarcyProblems(std::int64_t n)
      : model(make_test_model("darcy", {})),
        c(n, 0),
        m(n, 32),
        y(n, 64),
        w(n, 64),
        g(n, 32),
        status(static_cast<std::size_t>(n)) {
    for (std::int64_t row = 0; row < n; ++row)
      model->sample(static_cast<std::uint64_t>(row), {}, m.write().row(row));
    w.fill(1.0);
    model->solve(c, m, y, status);  // the memory of the factors
  }
  std::unique_ptr<ForwardModel> model;
  Batch c, m, y, w, g;
  std::vector<SolveStatus> status;
};

void report_problem_time(benchmark::State& state) {
  using benchmark::Counter;
  state.counters["us_per_problem"] = Counter(static_cast<double>(state.range(0)) * 1e-6,
                                             Counter::kIsIterationInvariantRate | Counter::kInvert);
}

void darcy_forward(benchmark::State& state) {
  DarcyProblems problems(state.range(0));
  for (auto _ : state) problems.model->solve(problems.c, problems.m, problems.y, problems.status);
  report_problem_time(state);
}
void darcy_adjoint(benchmark::State& state) {
  DarcyProblems problems(state.range(0));
  for (auto _ : state) problems.model->adjoint(problems.w, problems.g);
  report_problem_time(state);
}
void darcy_tangent(benchmark::State& state) {
  DarcyProblems problems(state.range(0));
  for (auto _ : state) problems.model->tangent(problems.m, problems.y);
  report_problem_time(state);
}

BENCHMARK(darcy_forward)->Arg(1)->Arg(16)->Arg(64)->Unit(benchmark::kMillisecond);
BENCHMARK(darcy_adjoint)->Arg(1)->Arg(16)->Arg(64)->Unit(benchmark::kMillisecond);
BENCHMARK(darcy_tangent)->Arg(1)->Arg(16)->Arg(64)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace jpo
