// Measures the Kuramoto-Sivashinsky model. Bounds of its speed are given here.
//   bench_models --benchmark_out=models.json --benchmark_repetitions=5
//
// A forward step needs about 28 flops per grid point: 12 for the right-hand side, 4 + 5 for the
// sweeps of half-bandwidth two with the division, and about 7 for the periodic corners (averaged
// over the points). With 8 multiplications or additions per cycle (2 x 4-wide AVX2, no fused
// multiply-add) these are 3.5 cycles per point. A step writes its state once, 8 bytes per point.

#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/session/session.hpp"
#include "lanes/lanes.hpp"
#include "tests/benchmarks/plain_interleaved_step.hpp"
#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

constexpr double kPoint = 128.0;
constexpr double kStep = 250.0;
constexpr double kFlop = 28.0;
constexpr std::int64_t kDraw = 256;  // number of draws; further problems repeat them

struct Problems {
  explicit Problems(std::int64_t n, const std::map<std::string, std::string>& settings = {},
                    MemorySpace space = MemorySpace::host)
      : model(make_test_model("kuramoto_sivashinsky", settings, Resolution::inversion, space)),
        c(n, 128, space),
        m(n, 2, space),
        y(n, 128, space),
        w(n, 128, space),
        g(n, 2, space),
        status(static_cast<std::size_t>(n)) {
    {
      const auto c_rows = c.write();
      const auto m_rows = m.write();
      for (std::int64_t row = 0; row < n; ++row)
        model->sample(static_cast<std::uint64_t>(row % kDraw), c_rows.row(row), m_rows.row(row));
    }
    w.fill(1.0);
    model->solve(c, m, y, status);
  }
  std::unique_ptr<ForwardModel> model;
  Batch c, m, y, w, g;
  std::vector<SolveStatus> status;
};

void count(benchmark::State& state, double n_problem, double n_step, double n_iteration_step) {
  const double points = n_problem * kPoint * n_step * n_iteration_step;
  using benchmark::Counter;
  constexpr auto rate = Counter::kIsIterationInvariantRate;
  state.counters["ns_per_point_step"] = Counter(points * 1e-9, rate | Counter::kInvert);
  state.counters["us_per_problem"] = Counter(n_problem * 1e-6, rate | Counter::kInvert);
  state.counters["flop_rate"] = Counter(kFlop * points, rate);
  state.counters["state_bytes_rate"] = Counter(8.0 * points, rate);
}

void forward(benchmark::State& state) {
  Problems problems(state.range(0));
  for (auto _ : state) problems.model->solve(problems.c, problems.m, problems.y, problems.status);
  count(state, static_cast<double>(state.range(0)), kStep, 1.0);
}
void adjoint(benchmark::State& state) {
  Problems problems(state.range(0));
  for (auto _ : state) problems.model->adjoint(problems.w, problems.g);
  count(state, static_cast<double>(state.range(0)), kStep, 1.0);
}
// The stencil has seven points instead of five, and the same horizon needs twice the steps.
void fourth_order_forward(benchmark::State& state) {
  Problems problems(state.range(0), {{"scheme", "fourth_order"}});
  for (auto _ : state) problems.model->solve(problems.c, problems.m, problems.y, problems.status);
  count(state, static_cast<double>(state.range(0)), 2.0 * kStep, 1.0);
}
void fourth_order_adjoint(benchmark::State& state) {
  Problems problems(state.range(0), {{"scheme", "fourth_order"}});
  for (auto _ : state) problems.model->adjoint(problems.w, problems.g);
  count(state, static_cast<double>(state.range(0)), 2.0 * kStep, 1.0);
}
// On a device: the stored values of a step are written once, and read once by the adjoint. Batches
// stay in device memory; only the status (8 bytes per problem) is copied to the host.
void device_forward(benchmark::State& state) {
  Problems problems(state.range(0), {}, MemorySpace::device);
  for (auto _ : state) problems.model->solve(problems.c, problems.m, problems.y, problems.status);
  count(state, static_cast<double>(state.range(0)), kStep, 1.0);
}
void device_adjoint(benchmark::State& state) {
  Problems problems(state.range(0), {}, MemorySpace::device);
  for (auto _ : state) problems.model->adjoint(problems.w, problems.g);
  count(state, static_cast<double>(state.range(0)), kStep, 1.0);
}
// Measures the bandwidth that bounds the speed on a device: a copy within its memory. Read and
// written bytes are both counted.
void device_copy(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  LaneBuffer from(MemorySpace::device), to(MemorySpace::device);
  from.reserve(n);
  to.reserve(n);
  for (auto _ : state) {
    copy_values(MemorySpace::device, to.data(), MemorySpace::device, from.data(), n);
    finish_device_work();
  }
  state.counters["bytes_rate"] = benchmark::Counter(16.0 * static_cast<double>(n),
                                                    benchmark::Counter::kIsIterationInvariantRate);
}
void plain_interleaved_forward(benchmark::State& state) {
  PlainInterleavedStep plain(128, 44.0, 0.1, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    for (int step = 0; step < 250; ++step) plain.advance();
    benchmark::DoNotOptimize(plain.state().data());
  }
  count(state, static_cast<double>(state.range(0)), kStep, 1.0);
}

BENCHMARK(forward)->Arg(1)->Arg(4)->Arg(16)->Arg(64)->Arg(256)->Unit(benchmark::kMillisecond);
BENCHMARK(adjoint)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->Unit(benchmark::kMillisecond);
BENCHMARK(fourth_order_forward)->Arg(16)->Arg(64)->Unit(benchmark::kMillisecond);
BENCHMARK(fourth_order_adjoint)->Arg(16)->Arg(64)->Unit(benchmark::kMillisecond);
BENCHMARK(plain_interleaved_forward)->Arg(16)->Arg(64)->Unit(benchmark::kMillisecond);

}  // namespace

void add_navier_stokes_device_benchmarks();

void add_device_benchmarks() {
  use_cuda_device();
  benchmark::AddCustomContext("cuda_device", cuda_device_text());
  using Body = void (*)(benchmark::State&);
  const std::map<std::string, Body> bodies = {{"device_forward", device_forward},
                                              {"device_adjoint", device_adjoint}};
  for (const auto& [name, body] : bodies)
    benchmark::RegisterBenchmark(name.c_str(), body)
        ->Arg(256)
        ->Arg(4096)
        ->Arg(65536)
        ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("device_copy", device_copy)
      ->Arg(std::int64_t{1} << 27)
      ->Unit(benchmark::kMillisecond);
  add_navier_stokes_device_benchmarks();
}

}  // namespace jpo

int main(int argc, char** argv) {
  const jpo::Session session(&argc, &argv);
  benchmark::Initialize(&argc, argv);
  for (const auto& [name, version] : jpo::core_versions())
    benchmark::AddCustomContext(name, version);
  benchmark::AddCustomContext("processor", jpo::processor_name());
  benchmark::AddCustomContext("git_revision", jpo::git_revision());
  if (jpo::has_cuda_device()) jpo::add_device_benchmarks();
  benchmark::RunSpecifiedBenchmarks();
}
