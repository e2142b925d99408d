#pragma once
#include <cstdint>
#include <vector>

#include <mpi.h>

#include "core/parameter_space.hpp"
#include "data/problem_set.hpp"

namespace jpo {

/// A sample that is far larger than those of the other problems.
struct Outlier {
  /// Global id.
  std::int64_t problem = 0;
  /// Column of the table.
  std::int64_t sample = 0;
  double value = 0.0;
};

struct Outliers {
  /// Usual size of a sample of the channel of the first outlier: the median over the problems of
  /// the size that 99 % of a problem's samples do not exceed.
  double usual = 0.0;
  /// The largest sample of each problem and channel in which one is more than kOutlierFactor times
  /// the usual size, ascending by problem.
  std::vector<Outlier> found;
};

constexpr double kOutlierFactor = 1000.0;

/// Finds outliers in the usable rows of a table, channel by channel. The result is the same on all
/// ranks, for any number of ranks. Collective on comm.
Outliers find_outliers(const Batch& table, const FieldLayout& layout, const ProblemSet& problems,
                       MPI_Comm comm);

}  // namespace jpo
