#pragma once
// Where a method can be interrupted: at its safe points it tells its whole state, and a resumed job
// gives it back. What happens between two safe points is done again, to the same bits.

#include <array>
#include <functional>
#include <utility>

#include <mpi.h>

#include "core/device/state_archive.hpp"

namespace jpo {

/// What is wanted at the next safe point.
struct Wish {
  bool save = false;
  bool stop = false;  ///< after a save
};

/// This one asks for nothing and keeps nothing.
class Interruptions {
 public:
  using Tell = std::function<void(StateArchive&)>;

  Interruptions() = default;
  Interruptions(const Interruptions&) = delete;
  Interruptions& operator=(const Interruptions&) = delete;
  Interruptions(Interruptions&&) = delete;
  Interruptions& operator=(Interruptions&&) = delete;
  virtual ~Interruptions() = default;

  /// What this rank wants, asked once at every safe point; the ranks then agree: any of them can
  /// want.
  virtual Wish wish() { return {}; }
  /// Does what all ranks have agreed on, with the state that `tell` tells. Collective. Throws
  /// StoppedResumable where it is to stop.
  virtual void serve(Wish /*agreed*/, const Tell& /*tell*/) {}
  /// Sets the state that a checkpoint holds of the method that it was written in. False where there
  /// is none: the method starts afresh. Collective.
  virtual bool resume(const Tell& /*tell*/) { return false; }
};

/// Agrees with all ranks of comm, then serves. Collective.
void pause(Interruptions& interruptions, MPI_Comm comm, const Interruptions::Tell& tell);

/// Safe points of ranks that work at their own pace, each on its own problems: that there is no
/// wish is agreed on in the background (MPI_Iallreduce), and nobody waits for anybody. A rank that
/// wants something waits for the others, at most for a step of theirs where they want it too:
/// signals and clocks reach all.
class OwnPace {
 public:
  /// Collective.
  OwnPace(Interruptions& interruptions, MPI_Comm comm, Interruptions::Tell tell)
      : interruptions_(interruptions), comm_(comm), tell_(std::move(tell)) {
    ask({}, true);
  }
  OwnPace(const OwnPace&) = delete;
  OwnPace& operator=(const OwnPace&) = delete;
  OwnPace(OwnPace&&) = delete;
  OwnPace& operator=(OwnPace&&) = delete;
  ~OwnPace() = default;

  /// A safe point of this rank. Collective where there is a wish to serve.
  void pause();
  /// This rank has nothing left to do; comes back when no rank has. Collective.
  void finish();

 private:
  void ask(const Wish& wish, bool is_busy);
  Wish serve();

  Interruptions& interruptions_;
  MPI_Comm comm_;
  Interruptions::Tell tell_;
  std::array<double, 3> mine_{};  ///< save, stop, busy
  std::array<double, 3> any_{};   ///< the same of all ranks
  MPI_Request agreement_ = MPI_REQUEST_NULL;
};

}  // namespace jpo
