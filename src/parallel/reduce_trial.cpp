#include "parallel/reduce_trial.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/random.hpp"
#include "core/statistics.hpp"
#include "parallel/exact_sum.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kTermsPerRank = 3;
constexpr std::int64_t kCompared = 4096;

// Returns numbers of both signs, from about 2^-31 to 2^18 in size. Sums of doubles in different
// orders then have different bits.
std::vector<double> term(std::int64_t which) {
  RandomStream stream(stream_seed(0, "all-reduce", "doctor", which));
  std::vector<double> values(kCompared);
  for (double& value : values)
    value = std::ldexp(stream.uniform() - 0.5, static_cast<int>(50.0 * stream.uniform()) - 30);
  return values;
}

bool has_same_bits(int rank, int n_rank, MPI_Comm comm) {
  FlatSum::Seconds ignored;
  FlatSum together({kCompared}, Reduction::exact);
  for (std::int64_t k = 0; k < kTermsPerRank; ++k) together.add(term(rank * kTermsPerRank + k));
  together.reduce(Transport(comm), ignored);
  FlatSum alone({kCompared}, Reduction::exact);
  for (std::int64_t k = n_rank * kTermsPerRank; k-- > 0;) alone.add(term(k));
  alone.reduce(Transport(MPI_COMM_SELF), ignored);
  const std::int64_t differ = std::ranges::equal(together.values(), alone.values()) ? 0 : 1;
  return reduce_sum(differ, comm) == 0;
}

// Returns the median of nine times of the slowest rank. The first call opens the connections and is
// not timed.
double median_seconds(const std::function<void()>& call, MPI_Comm comm) {
  constexpr int n_repeat = 9;
  call();
  std::vector<double> seconds(n_repeat);
  for (double& each : seconds) {
    MPI_OK(MPI_Barrier(comm));
    const double start = MPI_Wtime();
    call();
    each = MPI_Wtime() - start;
  }
  reduce_max(seconds, comm);
  return finite_median(seconds);
}

}  // namespace

ReduceTrial try_all_reduce(std::int64_t n_value, MPI_Comm comm) {
  const int rank = mpi::rank(comm);
  const int n_rank = mpi::size(comm);
  ReduceTrial trial;
  trial.n_value = n_value;
  trial.has_same_bits = has_same_bits(rank, n_rank, comm);
  FlatSum::Seconds ignored;
  FlatSum sum({n_value}, Reduction::exact);
  const Transport transport(comm);
  trial.exact_seconds = median_seconds([&] { sum.reduce(transport, ignored); }, comm);
  const std::vector<double> terms(static_cast<std::size_t>(n_value), 1.0);
  std::vector<double> totals(terms.size());
  trial.plain_seconds = median_seconds(
      [&] {
        MPI_OK(MPI_Allreduce(terms.data(), totals.data(), static_cast<int>(n_value), MPI_DOUBLE,
                             MPI_SUM, comm));
      },
      comm);
  return trial;
}

}  // namespace jpo
