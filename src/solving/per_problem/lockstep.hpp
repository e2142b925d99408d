#pragma once
// Many solves advance together. Each runs on its own stack (ucontext, one OS thread) and suspends
// when it requests loss and gradient; one batched evaluation then serves all of them.
//
// A stack cannot be stored. A checkpoint holds the recorded evaluations of every live solve
// instead: replaying them brings a resumed solve to the same point.

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

/// The evaluation of the point at which a solve is suspended.
struct PointEvaluation {
  double loss = 0.0;
  Outcome outcome = Outcome::ok;
  /// [n_parameter], valid until the next evaluation.
  std::span<const double> gradient;
  /// True: there is no evaluation; the solve is abandoned and must return.
  bool is_last_call = false;
};

/// One solve on its own stack. It is never moved and never leaves its thread.
class LiveSolve {
 public:
  /// `body` runs on the stack and must not throw.
  LiveSolve(std::int64_t row, std::function<void(LiveSolve&)> body);
  LiveSolve(const LiveSolve&) = delete;
  LiveSolve& operator=(const LiveSolve&) = delete;
  LiveSolve(LiveSolve&&) = delete;
  LiveSolve& operator=(LiveSolve&&) = delete;
  /// Resumes an unfinished body with is_last_call, so that it returns.
  ~LiveSolve();

  /// Outside the body: runs it to its next evaluation; false if it has returned.
  bool advance();
  /// Inside the body: suspends until the batch that holds `m` has been evaluated.
  const PointEvaluation& evaluate(std::span<const double> m);

  std::int64_t row() const { return row_; }
  /// The point at which the solve is suspended.
  std::span<const double> point() const { return point_; }
  void set_evaluation(const PointEvaluation& evaluation) { evaluation_ = evaluation; }

 private:
  static void enter(unsigned low, unsigned high);

  std::int64_t row_;
  std::function<void(LiveSolve&)> body_;
  std::unique_ptr<char[]> stack_;
  ucontext_t here_{};
  ucontext_t caller_{};
  std::span<const double> point_;
  PointEvaluation evaluation_;
  bool entered_ = false;
  bool finished_ = false;
  // For the address sanitizer, which must be informed of a change of stacks.
  void* own_fake_stack_ = nullptr;
  void* caller_fake_stack_ = nullptr;
  const void* caller_bottom_ = nullptr;
  std::size_t caller_size_ = 0;
};

/// Solves of this rank's problems that fill the rows of a result.
class Lockstep {
 public:
  using Body = std::function<void(LiveSolve&)>;
  /// Numbers before the gradient in a recorded evaluation.
  static constexpr std::int64_t kBeforeGradient = 5;
  /// Numbers that one recorded evaluation takes.
  static std::int64_t n_recorded(std::int64_t n_parameter) { return kBeforeGradient + n_parameter; }

  /// At most `concurrent_solves` are live at a time. Both references must outlive it.
  Lockstep(Objective& objective, MethodResult& result, std::int64_t concurrent_solves);

  /// Starts a new run: no problem has been solved in it.
  void begin();
  /// Runs `body` for every local problem of `rows` that has not been solved in this run; when a
  /// solve ends, the next one starts. Solves are independent: the same bits for any number of them
  /// at a time. A body must depend on its row of the result and on the evaluations alone; its
  /// evaluations count in the result's ledger. After archive() has read, the interrupted run
  /// continues with the same `rows`. Collective.
  void run(std::span<const std::int64_t> rows, const Body& body, SafePoint& safe_point);

  /// Problems solved in this run.
  std::int64_t n_done() const { return std::ranges::count(done_, 1); }

  /// The state of the run. When reading, the result must have been read before.
  void archive(StateArchive& archive, const std::string& name);

 private:
  struct Live {
    std::unique_ptr<LiveSolve> solve;
    /// Row of the result when the solve began.
    std::vector<double> row_before;
  };
  bool advance(std::span<const std::int64_t> rows, const Body& body);
  void fill(std::span<const std::int64_t> rows, const Body& body);
  bool start(Live& live);
  void evaluate();
  void resume_solves();
  void end(std::int64_t row);
  void record(const LiveSolve& solve, const PointEvaluation& evaluation);

  Objective& objective_;
  MethodResult& result_;
  std::size_t n_concurrent_;
  std::vector<Live> live_;
  /// In the run's rows.
  std::size_t next_ = 0;
  /// By problem: 1 if it has been solved in this run.
  std::vector<std::uint8_t> done_;
  /// By problem: all evaluations of its live solve.
  std::vector<std::vector<double>> recorded_;
  std::vector<std::int64_t> rows_;
  Batch m_;
  Evaluation evaluation_;
};

}  // namespace jpo
