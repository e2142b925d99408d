#include "parallel/row_hash.hpp"

#include "core/checks.hpp"
#include "core/hash.hpp"

namespace jpo {

std::uint64_t hash_rows(std::span<const double> rows, std::int64_t n_local, std::int64_t first,
                        std::uint64_t seed) {
  if (n_local == 0) return 0;
  const std::size_t width = rows.size() / static_cast<std::size_t>(n_local);
  std::uint64_t sum = 0;
  for (std::int64_t row = 0; row < n_local; ++row) {
    const std::int64_t id = first + row;
    const std::uint64_t start = hash_values(std::span(&id, 1), seed);
    sum += hash_values(rows.subspan(static_cast<std::size_t>(row) * width, width), start);
  }
  return sum;
}

std::uint64_t reduce_hash(std::uint64_t hash, MPI_Comm comm) {
  MPI_OK(MPI_Allreduce(MPI_IN_PLACE, &hash, 1, MPI_UINT64_T, MPI_SUM, comm));
  return hash;
}

}  // namespace jpo
