// Cost of the Darcy model on its default 64 x 64 cells. A factor has 72,242 numbers (68,000 of L
// and 4,242 places above the diagonals of its panels), 9.2 MB for a block of 16 problems; each
// problem has its own, so all of it moves. Bounds for a block, without fused multiply-add:
//   factorization  1.24 million products a problem, 40 Mflop; 9.2 MB written
//   substitution   136,000 products a problem, 4.4 Mflop; 18.5 MB read, 4 bytes a flop
// On a core whose neighbour compiled (EPYC, AVX2; 12 to 27 Gflop/s in tiles of registers, 4.5 to 11
// GB/s beyond the cache), us of processor a problem, medians of five runs that took turns with
// those of the PETSc Cholesky of one problem at a time that was here before:
//                       forward   adjoint   tangent
//   PETSc, any batch       2645       386       291
//   batch of 16             467        69        77
//   batch of 64             479       142       138
//   batch of 1             9300      1190      1050    sixteen lanes for one problem
// A forward solve runs at 5.3 Gflop/s, a fifth to half of what registers could: some 45 % of its
// time are sums in tiles, 10 % the numbers around them (half of the columns of L are panels of
// their own, and their tiles are shallow), 20 % substitutions, 6 % exp. Substitutions are bound by
// memory: 8 GB/s where a batch's factors do not fit the cache, 17 GB/s where they do.

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
