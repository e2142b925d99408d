// Measures the Navier-Stokes model on 64 x 64 cells. Bounds of its speed are given here. Part of
// bench_models.
//
// A forward step needs 30 flops per cell for the fluxes, 14 for sums and update, and 9 for
// divergence and gradient of the pressure. The substitution needs 4 flops per entry of L, which has
// about 80,000 entries. In total these are 0.54 Mflop per problem and step, 60 % of them in the
// substitution. With 8 multiplications or additions per cycle (2 x 4-wide AVX2, no fused
// multiply-add) a step needs 67,000 cycles per problem. An adjoint step needs 60 flops per cell for
// the fluxes, and the same substitution.
//
// A step of a block of 16 problems reads the factor (1 MB) twice and states of 1 MB about nine
// times, from the second and third level of cache. It writes one state, 64 kB per problem, to
// memory. A single problem costs as much as a block.

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "models/navier_stokes/projection.hpp"
#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

constexpr double kStep = 100.0;
constexpr double kCell = 64.0 * 64.0;
constexpr double kForwardFlop = 53.0;
constexpr double kAdjointFlop = 83.0;

struct Flows {
  explicit Flows(std::int64_t n, MemorySpace space = MemorySpace::host)
      : model(make_test_model("navier_stokes", {}, Resolution::inversion, space)),
        c(n, model->shape().context.size(), space),
        m(n, 3, space),
        y(n, model->shape().observation.size(), space),
        w(n, model->shape().observation.size(), space),
        g(n, 3, space),
        status(static_cast<std::size_t>(n)) {
    {
      const auto c_rows = c.write();
      const auto m_rows = m.write();
      for (std::int64_t row = 0; row < n; ++row)
        model->sample(static_cast<std::uint64_t>(row), c_rows.row(row), m_rows.row(row));
    }
    w.fill(1.0);
    model->solve(c, m, y, status);
  }
  std::unique_ptr<ForwardModel> model;
  Batch c, m, y, w, g;
  std::vector<SolveStatus> status;
};

void count(benchmark::State& state, double flop_per_cell) {
  const navier_stokes::Grid grid{64, 2e-3, 0.005, 100, true, {}};
  const navier_stokes::Projector projector(grid);
  const SparseCholesky& factor = projector.factor();
  const auto problems = static_cast<double>(state.range(0));
  const double steps = problems * kStep;
  const double blocks = static_cast<double>(n_block_of(state.range(0)));
  using benchmark::Counter;
  constexpr auto rate = Counter::kIsIterationInvariantRate;
  state.counters["problem_steps"] = Counter(steps, rate);
  state.counters["us_per_problem_step"] = Counter(steps * 1e-6, rate | Counter::kInvert);
  state.counters["flop_rate"] = Counter(
      steps * (flop_per_cell * kCell + 4.0 * static_cast<double>(factor.n_nonzero())), rate);
  state.counters["factor_bytes_rate"] =
      Counter(2.0 * blocks * kStep * static_cast<double>(factor.n_byte()), rate);
  state.counters["state_bytes_rate"] = Counter(steps * 2.0 * kCell * 8.0, rate);
}

void navier_stokes_forward(benchmark::State& state) {
  Flows flows(state.range(0));
  for (auto _ : state) flows.model->solve(flows.c, flows.m, flows.y, flows.status);
  count(state, kForwardFlop);
}
void navier_stokes_adjoint(benchmark::State& state) {
  Flows flows(state.range(0));
  for (auto _ : state) flows.model->adjoint(flows.w, flows.g);
  count(state, kAdjointFlop);
}
// On a device there is one thread per problem, so a small number of problems is bound by the
// latency of memory. The states need 7 MB per problem.
void device_forward(benchmark::State& state) {
  Flows flows(state.range(0), MemorySpace::device);
  for (auto _ : state) flows.model->solve(flows.c, flows.m, flows.y, flows.status);
  count(state, kForwardFlop);
}
void device_adjoint(benchmark::State& state) {
  Flows flows(state.range(0), MemorySpace::device);
  for (auto _ : state) flows.model->adjoint(flows.w, flows.g);
  count(state, kAdjointFlop);
}

BENCHMARK(navier_stokes_forward)->Arg(1)->Arg(16)->Arg(32)->Unit(benchmark::kMillisecond);
BENCHMARK(navier_stokes_adjoint)->Arg(1)->Arg(16)->Arg(32)->Unit(benchmark::kMillisecond);

}  // namespace

void add_navier_stokes_device_benchmarks() {
  for (const std::int64_t n : {256, 2048}) {
    benchmark::RegisterBenchmark("navier_stokes_device_forward", device_forward)
        ->Arg(n)
        ->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark("navier_stokes_device_adjoint", device_adjoint)
        ->Arg(n)
        ->Unit(benchmark::kMillisecond);
  }
}

}  // namespace jpo
