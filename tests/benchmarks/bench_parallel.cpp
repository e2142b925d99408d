// Measures the exact sum and the plain sum: adding a gradient, and the all-reduce.
//   mpirun -n 2 bench_parallel --benchmark_out=parallel.json
// Every rank runs the same fixed number of iterations, because the reductions are collective.

#include <vector>

#include <benchmark/benchmark.h>

#include "core/session/session.hpp"
#include "parallel/exact_sum.hpp"

namespace jpo {
namespace {

std::vector<double> gradient(std::int64_t n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  for (std::size_t k = 0; k < values.size(); ++k) values[k] = 1.0 / static_cast<double>(k + 3);
  return values;
}

void add(benchmark::State& state, Reduction reduction) {
  const auto terms = gradient(state.range(0));
  FlatSum sum({state.range(0), 3}, reduction);
  for (auto _ : state) sum.add(terms);
  state.counters["ns_per_number"] = benchmark::Counter(
      static_cast<double>(state.range(0)) * 1e-9,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void reduce(benchmark::State& state, Reduction reduction) {
  const auto terms = gradient(state.range(0));
  FlatSum sum({state.range(0), 3}, reduction);
  const Transport transport(MPI_COMM_WORLD);
  FlatSum::Seconds seconds;
  for (auto _ : state) {
    sum.clear();
    sum.add(terms);
    sum.reduce(transport, seconds);
  }
  state.counters["transfer_ms"] = 1e3 * seconds.transfer / static_cast<double>(state.iterations());
  state.counters["wait_ms"] = 1e3 * seconds.wait / static_cast<double>(state.iterations());
}

// Sets the same iterations and repetitions on every rank, independent of the command line.
void fixed(benchmark::internal::Benchmark* run) {
  run->Arg(40000)->Arg(200000)->Iterations(200)->Repetitions(5)->ReportAggregatesOnly();
}
BENCHMARK_CAPTURE(add, exact, Reduction::exact)->Apply(fixed);
BENCHMARK_CAPTURE(add, fast, Reduction::fast)->Apply(fixed);
BENCHMARK_CAPTURE(reduce, exact, Reduction::exact)->Apply(fixed);
BENCHMARK_CAPTURE(reduce, fast, Reduction::fast)->Apply(fixed);

// Prints nothing, for all ranks except rank 0.
class Silent : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& /*context*/) override { return true; }
  void ReportRuns(const std::vector<Run>& /*runs*/) override {}
};

}  // namespace
}  // namespace jpo

int main(int argc, char** argv) {
  const jpo::Session session(&argc, &argv);
  if (session.rank() != 0) argc = 1;
  benchmark::Initialize(&argc, argv);
  jpo::Silent silent;
  if (session.rank() == 0)
    benchmark::RunSpecifiedBenchmarks();
  else
    benchmark::RunSpecifiedBenchmarks(&silent);
}
