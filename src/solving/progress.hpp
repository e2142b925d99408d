#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "solving/method.hpp"
#include "solving/task.hpp"

namespace jpo {

/// Progress of a method, printed on rank 0: a bar on a terminal, a line every few seconds in a
/// batch log, with share, rate and time left. Not collective.
class Progress {
 public:
  /// Steps of `begin` were done before: they do not count in the rate.
  Progress(const Task& task, const StepReport& begin);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  Progress(Progress&&) = delete;
  Progress& operator=(Progress&&) = delete;
  ~Progress();

  /// True if the next line is due on this rank.
  bool is_due() const;
  void print(const StepReport& report);

 private:
  using Clock = std::chrono::steady_clock;

  std::string name_;
  std::int64_t n_done_before_;
  bool is_printing_;
  bool terminal_;
  bool line_open_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point printed_ = start_;
};

}  // namespace jpo
