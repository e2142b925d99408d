#pragma once
// Many solves advance together: each runs on its own stack (ucontext, one OS thread) and suspends
// where it asks for loss and gradient; one batched evaluation answers all of them.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <ucontext.h>
#include <vector>

#include "inverse/objective.hpp"

namespace jpo {

/// What a suspended solve is told.
struct Answer {
  double loss = 0.0;
  Outcome outcome = Outcome::ok;
  std::span<const double> gradient;  ///< [n_parameter], valid until the next ask
};

/// One solve on its own stack. Never moves, never crosses a thread.
class LiveSolve {
 public:
  /// `body` runs inside the stack; no exception may leave it.
  LiveSolve(std::int64_t row, std::function<void(LiveSolve&)> body);
  LiveSolve(const LiveSolve&) = delete;
  LiveSolve& operator=(const LiveSolve&) = delete;
  LiveSolve(LiveSolve&&) = delete;
  LiveSolve& operator=(LiveSolve&&) = delete;
  ~LiveSolve() = default;

  /// From outside: runs until the next ask; false when the body has returned.
  bool advance();
  /// From inside the body: suspends until the batch that holds this question is evaluated.
  const Answer& ask(std::span<const double> m);

  std::int64_t row() const { return row_; }
  std::span<const double> question() const { return question_; }
  void answer(const Answer& answer) { answer_ = answer; }

 private:
  static void enter(unsigned low, unsigned high);

  std::int64_t row_;
  std::function<void(LiveSolve&)> body_;
  std::unique_ptr<char[]> stack_;
  ucontext_t here_{};
  ucontext_t caller_{};
  std::span<const double> question_;
  Answer answer_;
  bool finished_ = false;
  // What the address sanitizer must know of a change of stacks; unused without it.
  void* own_fake_stack_ = nullptr;
  void* caller_fake_stack_ = nullptr;
  const void* caller_bottom_ = nullptr;
  std::size_t caller_size_ = 0;
};

/// Runs `body` for every local problem of `rows`, at most `window` at a time, refilled as they end.
/// Solves do not see each other: answers are the same bits for every window.
/// `ended(row)` is called after each. Not collective.
void run_lockstep(Objective& objective, Ledger& ledger, std::span<const std::int64_t> rows,
                  std::int64_t window, const std::function<void(LiveSolve&)>& body,
                  const std::function<void(std::int64_t)>& ended);

}  // namespace jpo
