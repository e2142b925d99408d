#pragma once
// What the system or a user asks of a running job: SIGUSR1 to write a checkpoint and stop, SIGUSR2
// to write one and go on. mpirun and srun forward both to every rank. SIGTERM, which mpirun sends
// to the others when one rank has died, ends the program with a last word.

#include <string>

namespace jpo {

/// From now on the first two are noted instead of ending the program.
void catch_signals();
/// This rank has got SIGUSR1, ever.
bool stop_signalled();
/// This rank has got SIGUSR2 since the last call.
bool take_save_signal();
/// What this rank says on standard error when SIGTERM ends it; empty: nothing.
void set_signal_message(const std::string& text);

}  // namespace jpo
