#include "core/log.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <unistd.h>

#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace jpo {
namespace {

int output_error = 0;
bool under_mpirun = false;

// Plain lines go to standard output; warnings and errors to standard error.
class TwoStreams : public spdlog::sinks::sink {
 public:
  TwoStreams() { err_.set_pattern("%l: %v"), out_.set_pattern("%v"); }
  void log(const spdlog::details::log_msg& message) override {
    if (message.level >= spdlog::level::warn)
      err_.log(message);
    else
      out_.log(message);
  }
  void flush() override {
    if (std::fflush(stdout) != 0 && output_error == 0) output_error = errno;
    err_.flush();
  }
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  spdlog::sinks::stdout_sink_st out_;
  spdlog::sinks::stderr_sink_st err_;
};

}  // namespace

void start_log(int rank, bool has_launcher) {
  under_mpirun = has_launcher;
  spdlog::sink_ptr sink;
  if (rank == 0)
    sink = std::make_shared<TwoStreams>();
  else
    sink = std::make_shared<spdlog::sinks::null_sink_st>();
  auto logger = std::make_shared<spdlog::logger>("jpo", std::move(sink));
  logger->flush_on(spdlog::level::info);
  spdlog::drop("jpo");
  spdlog::register_logger(std::move(logger));
}

int log_error() {
  return output_error;
}

bool output_is_terminal() {
  // mpirun gives its processes a terminal even if its own output is redirected to a file.
  return !under_mpirun && isatty(STDOUT_FILENO) != 0;
}

}  // namespace jpo
