#include "solving/interruptions.hpp"

#include "core/checks.hpp"
#include "parallel/exact_sum.hpp"

namespace jpo {
namespace {

double as_number(bool flag) {
  return flag ? 1.0 : 0.0;
}

Request reduce_requests(Request own, MPI_Comm comm) {
  std::array<double, 2> any = {as_number(own.save), as_number(own.stop)};
  reduce_max(any, comm);
  return {any[0] > 0.0, any[1] > 0.0};
}

}  // namespace

void serve_requests(Interruptions& interruptions, MPI_Comm comm,
                    const Interruptions::State& state) {
  interruptions.serve(reduce_requests(interruptions.request(), comm), state);
}

SafePoint::SafePoint(Interruptions& interruptions, MPI_Comm comm, const Interruptions::State& state,
                     const std::function<void()>& on_advance)
    : interruptions_(interruptions), comm_(comm), state_(state), on_advance_(on_advance) {}

Request SafePoint::request() {
  if (!own_) own_ = interruptions_.request();
  return *own_;
}

void SafePoint::serve() {
  if (!agreed_) agreed_ = reduce_requests(request(), comm_);
  interruptions_.serve(*agreed_, state_);
}

void SafePoint::at_own_pace(const std::function<bool()>& advance) {
  post({}, true);
  while (advance()) {
    on_advance_();
    pause();
  }
  finish();
}

void SafePoint::post(Request request, bool is_busy) {
  posted_ = {as_number(request.save), as_number(request.stop), as_number(is_busy)};
  // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): completed in wait() or pause()
  MPI_OK(MPI_Iallreduce(posted_.data(), any_.data(), static_cast<int>(posted_.size()), MPI_DOUBLE,
                        MPI_MAX, comm_, &agreement_));
}

void SafePoint::wait() {
  // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): begun in post()
  MPI_OK(MPI_Wait(&agreement_, MPI_STATUS_IGNORE));
}

// Returns the request that was served.
Request SafePoint::serve_posted() {
  const Request agreed = {any_[0] > 0.0, any_[1] > 0.0};
  interruptions_.serve(agreed, state_);
  return agreed;
}

// A rank without a request continues if the others have not agreed yet.
void SafePoint::pause() {
  const Request own = interruptions_.request();
  int is_agreed = 0;
  // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): begun in post()
  MPI_OK(MPI_Test(&agreement_, &is_agreed, MPI_STATUS_IGNORE));
  if (is_agreed == 0) {
    if (!own.save && !own.stop) return;
    wait();
  }
  const Request served = serve_posted();
  const Request left = {own.save && !served.save, own.stop && !served.stop};
  post(left, true);
  if (!left.save && !left.stop) return;
  wait();
  serve_posted();
  post({}, true);
}

void SafePoint::finish() {
  for (bool any_busy = true; any_busy;) {
    wait();
    any_busy = any_[2] > 0.0;
    serve_posted();
    if (any_busy) post(interruptions_.request(), false);
  }
}

}  // namespace jpo
