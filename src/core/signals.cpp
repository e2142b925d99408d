#include "core/signals.hpp"

#include <csignal>
#include <utility>

namespace jpo {
namespace {

volatile std::sig_atomic_t stop_flag = 0;
volatile std::sig_atomic_t save_flag = 0;

}  // namespace

void catch_signals() {
  struct sigaction action = {};
  action.sa_flags = SA_RESTART;
  action.sa_handler = [](int) { stop_flag = 1; };
  sigaction(SIGUSR1, &action, nullptr);
  action.sa_handler = [](int) { save_flag = 1; };
  sigaction(SIGUSR2, &action, nullptr);
}

bool stop_signalled() {
  return stop_flag != 0;
}

bool take_save_signal() {
  const bool was_set = save_flag != 0;
  if (was_set) save_flag = 0;
  return was_set;
}

}  // namespace jpo
