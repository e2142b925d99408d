#pragma once
// Where a method can be interrupted: at its safe points it tells its whole state, and a resumed job
// gives it back. What happens between two safe points is done again, to the same bits.

#include <functional>

#include <mpi.h>

#include "core/state_archive.hpp"

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

}  // namespace jpo
