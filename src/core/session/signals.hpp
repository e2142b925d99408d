#pragma once
// Signals to a running job. SIGUSR1 requests a checkpoint and a stop, SIGUSR2 only a checkpoint;
// mpirun and srun forward both to every rank. SIGTERM, SIGINT (Ctrl-C) and SIGHUP end the
// program after printing a message; mpirun sends SIGTERM to the other ranks when one rank has died.

#include <string>

namespace jpo {

/// Installs the handlers: SIGUSR1 and SIGUSR2 are recorded and no longer end the program.
void catch_signals();
/// Returns true if this rank has received SIGUSR1.
bool stop_signalled();
/// Returns true if this rank has received SIGUSR2 since the last call.
bool take_save_signal();
/// Sets the text that this rank writes to standard error when one of these signals ends it, after
/// "jpo: stopped by SIGTERM; "; empty for none.
void set_signal_message(const std::string& text);
/// Sets a function that is called when one of these signals ends the program. It may make only the
/// calls that a signal handler may make.
void set_signal_cleanup(void (*cleanup)());

}  // namespace jpo
