#pragma once
#include "solving/interruptions.hpp"
#include "solving/method.hpp"
#include "solving/task.hpp"

namespace jpo {

/// The one loop of all methods: resume or init, then step after step until the method is done, then
/// its answer. It writes and reads checkpoints, serves signals and clocks, prints progress and
/// records the history; task.result holds the best answers. Collective on task.comm. Throws
/// StoppedResumable if the job is to stop.
void solve(Method& method, const Task& task, Interruptions& interruptions);

}  // namespace jpo
