// Measures the Darcy model on its default 64 x 64 cells. A factor has 72,242 numbers: 68,000 of L,
// and 4,242 unused ones above the diagonals of its panels. These are 9.2 MB for a block of 16
// problems. Each problem has its own factor, so all of it is read or written. Work for a block,
// without fused multiply-add:
//   factorization  1.24 million products per problem, 40 Mflop; 9.2 MB written
//   substitution   136,000 products per problem, 4.4 Mflop; 18.5 MB read, 4 bytes per flop
// Most of the time of a forward solve are sums in tiles of registers. Substitutions are bound by
// the bandwidth of the cache or memory that holds the factors. A batch of 1 costs as much as a
// block, because one problem uses one of sixteen lanes.

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
    model->solve(c, m, y, status);  // allocates the memory of the factors
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
