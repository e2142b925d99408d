#include "solving/interruptions.hpp"

#include "core/checks.hpp"
#include "parallel/exact_sum.hpp"

namespace jpo {

void pause(Interruptions& interruptions, MPI_Comm comm, const Interruptions::Tell& tell) {
  const Wish wish = interruptions.wish();
  std::array<double, 2> any = {wish.save ? 1.0 : 0.0, wish.stop ? 1.0 : 0.0};
  reduce_max(any, comm);
  interruptions.serve({any[0] > 0.0, any[1] > 0.0}, tell);
}

void OwnPace::ask(const Wish& wish, bool is_busy) {
  mine_ = {wish.save ? 1.0 : 0.0, wish.stop ? 1.0 : 0.0, is_busy ? 1.0 : 0.0};
  MPI_OK(MPI_Iallreduce(mine_.data(), any_.data(), static_cast<int>(mine_.size()), MPI_DOUBLE,
                        MPI_MAX, comm_, &agreement_));
}

// What has been served.
Wish OwnPace::serve() {
  const Wish agreed = {any_[0] > 0.0, any_[1] > 0.0};
  interruptions_.serve(agreed, tell_);
  return agreed;
}

void OwnPace::pause() {
  const Wish wish = interruptions_.wish();
  int is_agreed = 0;
  // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): begun in ask()
  MPI_OK(MPI_Test(&agreement_, &is_agreed, MPI_STATUS_IGNORE));
  if (is_agreed == 0) {
    if (!wish.save && !wish.stop) return;
    // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): begun in ask()
    MPI_OK(MPI_Wait(&agreement_, MPI_STATUS_IGNORE));
  }
  const Wish served = serve();
  const Wish left = {wish.save && !served.save, wish.stop && !served.stop};
  ask(left, true);
  if (!left.save && !left.stop) return;
  // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): begun in ask()
  MPI_OK(MPI_Wait(&agreement_, MPI_STATUS_IGNORE));
  serve();
  ask({}, true);
}

void OwnPace::finish() {
  for (bool any_busy = true; any_busy;) {
    // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): begun in ask()
    MPI_OK(MPI_Wait(&agreement_, MPI_STATUS_IGNORE));
    any_busy = any_[2] > 0.0;
    serve();
    if (any_busy) ask(interruptions_.wish(), false);
  }
}

}  // namespace jpo
