#include "solving/progress.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/log.hpp"

namespace jpo {
namespace {

// Time between two lines on a terminal and in a log [s].
constexpr double kTerminalSeconds = 0.1;
constexpr double kLogSeconds = 5.0;
constexpr int kBarWidth = 24;

std::string bar(double share) {
  const int filled = static_cast<int>(share * kBarWidth);
  return fmt::format("[{:#<{}}{:.<{}}] ", "", filled, "", kBarWidth - filled);
}

std::string rate_text(double rate) {
  if (rate >= 1000.0) return fmt::format("{:.0f}", rate);
  return rate >= 10.0 ? fmt::format("{:.1f}", rate) : fmt::format("{:.3g}", rate);
}

}  // namespace

std::string duration_text(double seconds) {
  if (seconds < 90.0) return fmt::format("{:.0f} s", seconds);
  if (seconds < 5400.0) return fmt::format("{:.0f} min", seconds / 60.0);
  return fmt::format("{:.1f} h", seconds / 3600.0);
}

std::string progress_text(const StepReport& report, std::int64_t n_done_before, double seconds) {
  std::string text = fmt::format("{}/{} {}", report.n_done, report.n_total, report.unit);
  if (!report.detail.empty()) text += "  " + report.detail;
  if (report.n_done <= n_done_before || seconds <= 0.0) return text;
  const double rate = static_cast<double>(report.n_done - n_done_before) / seconds;
  text += fmt::format("  {} {}/s", rate_text(rate), report.unit);
  if (report.n_done >= report.n_total) return text;
  const auto n_left = static_cast<double>(report.n_total - report.n_done);
  return text + fmt::format(", at most {} left", duration_text(n_left / rate));
}

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
  const double share = static_cast<double>(report.n_done) /
                       static_cast<double>(std::max<std::int64_t>(report.n_total, 1));
  const std::string line =
      fmt::format("  {:<20} {}{}", name_, terminal_ ? bar(std::min(share, 1.0)) : "",
                  progress_text(report, n_done_before_, seconds));
  if (terminal_) {
    fmt::print("\r\033[K{}", line);
    std::fflush(stdout);
    line_open_ = true;
  } else {
    log_info("{}", line);
  }
}

}  // namespace jpo
