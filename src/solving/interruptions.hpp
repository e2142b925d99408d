#pragma once
// Safe points: the points of a method at which its whole state can be written to a checkpoint. A
// resumed job reads that state and repeats the work done after it, with the same bits.

#include <array>
#include <functional>
#include <optional>

#include <mpi.h>

#include "core/device/state_archive.hpp"

namespace jpo {

/// Actions requested at a safe point.
struct Request {
  bool save = false;
  /// Stop after the save.
  bool stop = false;
};

/// Source of requests, and their execution. This base class requests nothing and stores nothing.
class Interruptions {
 public:
  /// Writes or reads the state of the running method.
  using State = std::function<void(StateArchive&)>;

  Interruptions() = default;
  Interruptions(const Interruptions&) = delete;
  Interruptions& operator=(const Interruptions&) = delete;
  Interruptions(Interruptions&&) = delete;
  Interruptions& operator=(Interruptions&&) = delete;
  virtual ~Interruptions() = default;

  /// Returns the request of this rank; called once at every safe point. A request of any rank
  /// becomes one of all ranks.
  virtual Request request() { return {}; }
  /// Carries out the request that all ranks have agreed on. Collective. Throws StoppedResumable if
  /// the job is to stop.
  virtual void serve(Request /*agreed*/, const State& /*state*/) {}
  /// Reads the state of the running method from a checkpoint. Returns false if there is none; the
  /// method then starts from its beginning. Collective.
  virtual bool resume(const State& /*state*/) { return false; }
};

/// Reduces the requests of all ranks of comm, then serves them. Collective.
void serve_requests(Interruptions& interruptions, MPI_Comm comm, const Interruptions::State& state);

/// The safe points of one step of a method: one at the end of the step, and any number inside it if
/// the ranks advance independently.
class SafePoint {
 public:
  /// `on_advance` is called after each advance of at_own_pace(). All references must outlive it.
  SafePoint(Interruptions& interruptions, MPI_Comm comm, const Interruptions::State& state,
            const std::function<void()>& on_advance);
  SafePoint(const SafePoint&) = delete;
  SafePoint& operator=(const SafePoint&) = delete;
  SafePoint(SafePoint&&) = delete;
  SafePoint& operator=(SafePoint&&) = delete;
  ~SafePoint() = default;

  /// A step that ends with a reduction of its own can carry the requests in it: it sends request()
  /// of this rank and passes the union over all ranks to set_agreed(). Otherwise serve() reduces
  /// them.
  Request request();
  void set_agreed(Request agreed) { agreed_ = agreed; }

  /// Calls `advance` until it returns false on this rank, then waits until it has returned false on
  /// all ranks.
  /// Each call ends at a safe point. Ranks advance independently: MPI_Iallreduce carries the
  /// requests in the background, and a rank with a request waits at most one advance of the others.
  /// Collective.
  void at_own_pace(const std::function<bool()>& advance);

  /// The safe point at the end of the step. Collective.
  void serve();

 private:
  void post(Request request, bool is_busy);
  void wait();
  Request serve_posted();
  void pause();
  void finish();

  Interruptions& interruptions_;
  MPI_Comm comm_;
  const Interruptions::State& state_;
  const std::function<void()>& on_advance_;
  /// Requests of this rank and of all ranks at the end of the step; empty: not read yet.
  std::optional<Request> own_;
  std::optional<Request> agreed_;
  /// save, stop and busy: of this rank, and their maxima over all ranks.
  std::array<double, 3> posted_{};
  std::array<double, 3> any_{};
  MPI_Request agreement_ = MPI_REQUEST_NULL;
};

}  // namespace jpo
