#pragma once
// Log lines of the program, printed by rank 0.

#include <mpi.h>
#include <spdlog/spdlog.h>

namespace jpo {

/// Rank 0 writes plain lines to standard output, warnings and errors to standard error with their
/// level; other ranks write nothing. `has_launcher`: mpirun has started this process. Call once,
/// after MPI is up.
void start_log(int rank, bool has_launcher = false);

/// Returns the errno of the first line that could not be written to standard output; 0 if none.
int log_error();

/// Returns true if standard output is a terminal. Progress is then shown as a bar, otherwise as
/// occasional lines.
bool output_is_terminal();

/// Logs a plain line.
template <class... Args>
void log_info(spdlog::format_string_t<Args...> format, Args&&... args) {
  spdlog::get("jpo")->info(format, std::forward<Args>(args)...);
}
/// Logs a warning.
template <class... Args>
void warn(spdlog::format_string_t<Args...> format, Args&&... args) {
  spdlog::get("jpo")->warn(format, std::forward<Args>(args)...);
}

}  // namespace jpo
