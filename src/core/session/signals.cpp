#include "core/session/signals.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <unistd.h>

namespace jpo {
namespace {

volatile std::sig_atomic_t stop_flag = 0;
volatile std::sig_atomic_t save_flag = 0;

// The text of set_signal_message alternates between two buffers, so that a signal handler always
// reads a complete text.
using Text = std::array<char, 4096>;
std::array<Text, 2> texts;
std::atomic<const char*> current_message = nullptr;
std::atomic<void (*)()> current_cleanup = nullptr;

// Only calls that a signal handler may make.
void write_text(const char* text) {
  std::size_t size = 0;
  while (text[size] != '\0') ++size;
  [[maybe_unused]] const ssize_t n = write(STDERR_FILENO, text, size);
}

// Writes the message to standard error, calls the cleanup, restores the default handler and
// re-raises the signal.
void write_message_and_reraise(int signal) {
  if (const char* text = current_message.load()) {
    write_text("jpo: stopped by ");
    write_text(signal == SIGINT ? "SIGINT" : signal == SIGHUP ? "SIGHUP" : "SIGTERM");
    write_text("; ");
    write_text(text);
  }
  if (const auto cleanup = current_cleanup.load()) cleanup();
  std::signal(signal, SIG_DFL);
  raise(signal);
}

}  // namespace

void catch_signals() {
  struct sigaction action = {};
  action.sa_flags = SA_RESTART;
  action.sa_handler = [](int) { stop_flag = 1; };
  sigaction(SIGUSR1, &action, nullptr);
  action.sa_handler = [](int) { save_flag = 1; };
  sigaction(SIGUSR2, &action, nullptr);
  action.sa_handler = write_message_and_reraise;
  for (const int signal : {SIGTERM, SIGINT}) sigaction(signal, &action, nullptr);
  // nohup ignores SIGHUP; it must stay ignored.
  struct sigaction before = {};
  sigaction(SIGHUP, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

bool stop_signalled() {
  return stop_flag != 0;
}

bool take_save_signal() {
  const bool was_set = save_flag != 0;
  if (was_set) save_flag = 0;
  return was_set;
}

void set_signal_message(const std::string& text) {
  if (text.empty()) {
    current_message = nullptr;
    return;
  }
  Text& unused = current_message.load() == texts[0].data() ? texts[1] : texts[0];
  const std::size_t size = std::min(text.size(), unused.size() - 1);
  std::copy_n(text.begin(), size, unused.begin());
  unused[size] = '\0';
  current_message = unused.data();
}

void set_signal_cleanup(void (*cleanup)()) {
  current_cleanup = cleanup;
}

}  // namespace jpo
