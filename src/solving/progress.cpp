#include "solving/progress.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/log.hpp"

namespace jpo {
namespace {

constexpr double kTerminalSeconds = 0.1;
constexpr double kLogSeconds = 5.0;
constexpr int kBarWidth = 24;

std::string bar(double share) {
  const int filled = static_cast<int>(share * kBarWidth);
  return fmt::format("[{:#<{}}{:.<{}}] ", "", filled, "", kBarWidth - filled);
}

}  // namespace

Progress::Progress(const Task& task, const StepReport& begin)
    : name_(task.name),
      n_done_before_(begin.n_done),
      is_printing_(mpi::rank(task.comm) == 0),
      terminal_(output_is_terminal()) {}

Progress::~Progress() {
  if (line_open_) std::fputs("\r\033[K", stdout);
}

bool Progress::is_due() const {
  if (!is_printing_) return false;
  const std::chrono::duration<double> since = Clock::now() - printed_;
  return since.count() >= (terminal_ ? kTerminalSeconds : kLogSeconds);
}

void Progress::print(const StepReport& report) {
  printed_ = Clock::now();
  const double seconds = std::chrono::duration<double>(printed_ - start_).count();
  const double rate = static_cast<double>(report.n_done - n_done_before_) / seconds;
  const double left = static_cast<double>(report.n_total - report.n_done) / rate;
  const double share = static_cast<double>(report.n_done) /
                       static_cast<double>(std::max<std::int64_t>(report.n_total, 1));
  const std::string line =
      fmt::format("  {:<14} {}{}/{} {}{}{}  {:.1f}/s, {:.0f} s left", name_,
                  terminal_ ? bar(std::min(share, 1.0)) : "", report.n_done, report.n_total,
                  report.unit, report.detail.empty() ? "" : "  ", report.detail, rate, left);
  if (terminal_) {
    fmt::print("\r\033[K{}", line);
    std::fflush(stdout);
    line_open_ = true;
  } else {
    log_info("{}", line);
  }
}

}  // namespace jpo
