#pragma once
// Exceptions that end the program, each with its exit code. A failed forward solve is not an
// exception but a status (models/forward_model.hpp).

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace jpo {

enum class ExitCode : std::uint8_t {
  done = 0,
  internal_error = 1,
  bad_input = 2,
  too_many_failed = 3,
  cannot_write = 4,
  stopped_resumable = 75,
};

/// Makes a user's text fit for a message: control characters become spaces, and the middle of a
/// text longer than `most_bytes` is replaced by " ... ".
std::string one_line(std::string text, std::size_t most_bytes = 2000);

/// Joins the first names of a list with commas: "a, b, c, ... (1000)" if there are more than six.
std::string shortened(const std::vector<std::string>& names);

/// Base of all errors that have their own exit code.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message)
      : std::runtime_error(one_line(message)), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// Error in the user's deck, an input file or the command line.
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

/// Stop on a signal or at the time limit, after a checkpoint has been written.
class StoppedResumable : public Error {
 public:
  explicit StoppedResumable(const std::string& message)
      : Error(ExitCode::stopped_resumable, message) {}
};

}  // namespace jpo
