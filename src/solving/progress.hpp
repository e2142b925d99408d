#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "solving/method.hpp"
#include "solving/task.hpp"

namespace jpo {

/// Formats a time: "12 s", "15 min", "2.5 h".
std::string duration_text(double seconds);

/// Formats the work done, the rate and the time left: "541/600 updates  4.51 updates/s, about 13 s
/// left". `n_done_before` steps were done before the last `seconds`. There is no rate until a step
/// is done.
std::string progress_text(const StepReport& report, std::int64_t n_done_before, double seconds);

/// Progress of a method, printed on rank 0: a bar on a terminal, a line every few seconds in a log.
/// Not collective.
class Progress {
 public:
  /// `begin` is the report before the first step; the rate does not count the steps done before it.
  Progress(const Task& task, const StepReport& begin);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  Progress(Progress&&) = delete;
  Progress& operator=(Progress&&) = delete;
  ~Progress();

  /// True if the next line is due on this rank.
  bool is_due() const;
  /// Prints a line. Call it on rank 0 only.
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
