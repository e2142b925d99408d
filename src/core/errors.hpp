#pragma once
// What can go wrong and the exit code that says so. A failed forward solve is none of these: it is
// a status (models/forward_model.hpp).

#include <cstdint>
#include <stdexcept>
#include <string>

namespace jpo {

enum class ExitCode : std::uint8_t {
  done = 0,
  internal_error = 1,
  bad_input = 2,
  too_many_failed = 3,
  cannot_write = 4,
  stopped_resumable = 75,
};

/// Text that a user wrote, fit for a message: no control characters, at most so many bytes, the
/// middle of a longer one left out.
std::string one_line(std::string text, std::size_t most_bytes = 2000);

/// Base of every error that ends the program with a code of its own.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message)
      : std::runtime_error(one_line(message)), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// The user's deck, file or command line is wrong. Thrown before any collective work.
class BadInput : public Error {
 public:
  explicit BadInput(const std::string& message) : Error(ExitCode::bad_input, message) {}
};

/// More problems failed than the deck allows.
class TooManyFailed : public Error {
 public:
  explicit TooManyFailed(const std::string& message) : Error(ExitCode::too_many_failed, message) {}
};

/// Disk full, quota, permission. The message names the path and the cause.
class CannotWrite : public Error {
 public:
  explicit CannotWrite(const std::string& message) : Error(ExitCode::cannot_write, message) {}
};

/// Asked to stop, by a signal or the walltime: a checkpoint holds everything.
class StoppedResumable : public Error {
 public:
  explicit StoppedResumable(const std::string& message)
      : Error(ExitCode::stopped_resumable, message) {}
};

}  // namespace jpo
