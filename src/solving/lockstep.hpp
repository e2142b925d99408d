#pragma once
// Many solves advance together: each runs on its own stack (ucontext, one OS thread) and suspends
// where it asks for loss and gradient; one batched evaluation answers all of them.
//
// A stack cannot be stored. A checkpoint holds every answer that a live solve was given instead: a
// resumed one is told the same again, which brings it to where it was.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <ucontext.h>
#include <vector>

#include "solving/interruptions.hpp"
#include "solving/task.hpp"

namespace jpo {

/// What a suspended solve is told.
struct Answer {
  double loss = 0.0;
  Outcome outcome = Outcome::ok;
  std::span<const double> gradient;  ///< [n_parameter], valid until the next ask
  bool is_last_call = false;         ///< no answer: the solve is given up and must return
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
  /// A body that has not returned is told so by its last call.
  ~LiveSolve();

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
  bool entered_ = false;
  bool finished_ = false;
  // What the address sanitizer must know of a change of stacks; unused without it.
  void* own_fake_stack_ = nullptr;
  void* caller_fake_stack_ = nullptr;
  const void* caller_bottom_ = nullptr;
  std::size_t caller_size_ = 0;
};

/// Solves of this rank's problems that fill the rows of a result.
class Lockstep {
 public:
  using Body = std::function<void(LiveSolve&)>;

  /// At most `window` are live at a time. Both references must outlive it.
  Lockstep(Objective& objective, MethodResult& result, std::int64_t window);

  /// Runs `body` for every local problem of `rows`; those that end make room for the next.
  /// `ended(row)` is called after each. Solves do not see each other: the same bits for every
  /// window. A body must follow from its row of the result and the answers alone; its evaluations
  /// count in the result's ledger. After archive() has read, the run that was told goes on, with
  /// the same `rows`. Collective as `safe_points` are.
  void run(std::span<const std::int64_t> rows, const Body& body,
           const std::function<void(std::int64_t)>& ended, OwnPace& safe_points);

  /// Problems whose solves of this run have ended.
  std::int64_t n_done() const { return std::ranges::count(done_, 1); }

  /// The result and the state of the run that is interrupted.
  void archive(StateArchive& archive, const std::string& name);

 private:
  struct Live {
    std::unique_ptr<LiveSolve> solve;
    std::vector<double> row_before;  ///< of the result, when the solve began
  };
  void fill(std::span<const std::int64_t> rows, const Body& body,
            const std::function<void(std::int64_t)>& ended);
  bool start(Live& live);
  void evaluate();
  void advance(const std::function<void(std::int64_t)>& ended);
  void end(std::int64_t row, const std::function<void(std::int64_t)>& ended);
  void note(const LiveSolve& solve, const Answer& answer);

  Objective& objective_;
  MethodResult& result_;
  std::size_t window_;
  std::vector<Live> live_;
  std::size_t next_ = 0;                   ///< in the run's rows
  std::vector<std::uint8_t> done_;         ///< by problem: its solve of this run has ended
  std::vector<std::vector<double>> told_;  ///< by problem: all answers to its live solve
  bool is_resumed_ = false;
  std::vector<std::int64_t> rows_;
  Batch m_;
  Evaluation evaluation_;
};

}  // namespace jpo
