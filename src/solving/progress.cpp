#include "solving/progress.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/log.hpp"

namespace jpo {
namespace {

constexpr double kTerminalSeconds = 0.1;
constexpr double kLogSeconds = 5.0;
constexpr int kBarWidth = 24;

bool is_rank_zero(MPI_Comm comm) {
  int rank = 0;
  MPI_OK(MPI_Comm_rank(comm, &rank));
  return rank == 0;
}

std::string bar(double share) {
  const int filled = static_cast<int>(share * kBarWidth);
  return fmt::format("[{:#<{}}{:.<{}}] ", "", filled, "", kBarWidth - filled);
}

}  // namespace

Progress::Progress(const Task& task, std::int64_t n_step, std::string what, std::int64_t n_done)
    : name_(task.name),
      what_(std::move(what)),
      n_step_(n_step),
      done_before_(n_done),
      done_(n_done),
      speaks_(is_rank_zero(task.comm)),
      terminal_(output_is_terminal()) {}

Progress::~Progress() {
  if (line_open_) std::fputs("\r\033[K", stdout);
}

bool Progress::will_print() const {
  if (!speaks_) return false;
  const std::chrono::duration<double> since = Clock::now() - printed_;
  return since.count() >= (terminal_ ? kTerminalSeconds : kLogSeconds);
}

void Progress::advance_to(std::int64_t done, const std::string& detail) {
  done_ = done;
  if (will_print()) print(detail);
}

void Progress::print(const std::string& detail) {
  printed_ = Clock::now();
  const double seconds = std::chrono::duration<double>(printed_ - start_).count();
  const double rate = static_cast<double>(done_ - done_before_) / seconds;
  const double left = static_cast<double>(n_step_ - done_) / rate;
  const double share =
      static_cast<double>(done_) / static_cast<double>(std::max<std::int64_t>(n_step_, 1));
  const std::string line = fmt::format("  {:<14} {}{}/{} {}{}{}  {:.1f}/s, {:.0f} s left", name_,
                                       terminal_ ? bar(std::min(share, 1.0)) : "", done_, n_step_,
                                       what_, detail.empty() ? "" : "  ", detail, rate, left);
  if (terminal_) {
    fmt::print("\r\033[K{}", line);
    std::fflush(stdout);
    line_open_ = true;
  } else {
    say("{}", line);
  }
}

}  // namespace jpo
