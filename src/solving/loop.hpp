#pragma once
#include "solving/interruptions.hpp"
#include "solving/method.hpp"
#include "solving/task.hpp"

namespace jpo {

/// The loop of all methods: resume or init, steps until the method is done, then its answer. It
/// writes and reads checkpoints, serves requests to save or stop, prints progress and records the
/// history in task.result. Collective on task.comm. Throws StoppedResumable if the job is to stop.
void solve(Method& method, const Task& task, Interruptions& interruptions);

/// Reads the state of a method from a checkpoint and completes task.result with the best answers so
/// far, without a step of the method. Collective on task.comm.
void restore(Method& method, const Task& task, Interruptions& interruptions);

}  // namespace jpo
