#include "methods/interruptions.hpp"

#include <array>

#include "parallel/exact_sum.hpp"

namespace jpo {

void pause(Interruptions& interruptions, MPI_Comm comm, const Interruptions::Tell& tell) {
  const Wish wish = interruptions.wish();
  std::array<double, 2> any = {wish.save ? 1.0 : 0.0, wish.stop ? 1.0 : 0.0};
  reduce_max(any, comm);
  interruptions.serve({any[0] > 0.0, any[1] > 0.0}, tell);
}

}  // namespace jpo
