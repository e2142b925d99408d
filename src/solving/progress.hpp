#pragma once
// What a method shows while it works: a bar on a terminal, a line every few seconds in a batch log.

#include <chrono>
#include <cstdint>
#include <string>

#include "solving/task.hpp"

namespace jpo {

/// Counts steps towards a total and prints on rank 0: share, rate, time left. Not collective.
class Progress {
 public:
  /// `n_done` of them were done before this process began.
  Progress(const Task& task, std::int64_t n_step, std::string what, std::int64_t n_done = 0);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  Progress(Progress&&) = delete;
  Progress& operator=(Progress&&) = delete;
  ~Progress();

  /// One more step is done; `detail` (loss, failed, ...) is shown beside it.
  void advance(const std::string& detail = "") { advance_to(done_ + 1, detail); }
  /// `done` steps are done in all.
  void advance_to(std::int64_t done, const std::string& detail = "");
  /// True when the next advance() will print: then a detail is worth its cost.
  bool will_print() const;

 private:
  using Clock = std::chrono::steady_clock;
  void print(const std::string& detail);

  std::string name_;
  std::string what_;
  std::int64_t n_step_;
  std::int64_t done_before_;
  std::int64_t done_;
  bool speaks_;
  bool terminal_;
  bool line_open_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point printed_ = start_;
};

}  // namespace jpo
