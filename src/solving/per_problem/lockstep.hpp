#pragma once
// Many solves advance together. Each runs on its own stack (ucontext, one OS thread) and suspends
// when it requests loss and gradient; one batched evaluation then serves all of them.
//
// A stack cannot be stored. A checkpoint stores the recorded evaluations of every live solve
// instead; replaying them brings a resumed solve to the same point.

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
  /// True if there is no evaluation, because the solve is abandoned and must return.
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

  /// Called outside the body: runs it to its next evaluation. Returns false if the body has
  /// returned.
  bool advance();
  /// Called inside the body: suspends it until `m` has been evaluated; returns the evaluation.
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
  // For the address sanitizer, which needs to be informed of changes of stacks.
  void* own_fake_stack_ = nullptr;
  void* caller_fake_stack_ = nullptr;
  const void* caller_bottom_ = nullptr;
  std::size_t caller_size_ = 0;
};

/// Solves of this rank's problems that fill the rows of a result.
class Lockstep {
 public:
  using Body = std::function<void(LiveSolve&)>;
  /// Number of values before the gradient in a recorded evaluation.
  static constexpr std::int64_t kBeforeGradient = 5;
  /// Returns the number of values in a recorded evaluation.
  static std::int64_t n_recorded(std::int64_t n_parameter) { return kBeforeGradient + n_parameter; }

  /// At most `concurrent_solves` solves are live at a time. Both references must outlive this
  /// object.
  Lockstep(Objective& objective, MethodResult& result, std::int64_t concurrent_solves);

  /// Starts a new run, in which no problem has been solved yet.
  void begin();
  /// Runs `body` for every local problem of `rows` that has not been solved in this run; when a
  /// solve ends, the next one starts. Solves are independent, so their bits do not depend on the
  /// number of concurrent solves. A body must depend only on its row of the result and on the
  /// evaluations, which the ledger of the result counts. After archive() has read a checkpoint,
  /// call it with the same `rows` to continue the interrupted run. Collective.
  void run(std::span<const std::int64_t> rows, const Body& body, SafePoint& safe_point);

  /// Returns the number of problems solved in this run.
  std::int64_t n_done() const { return std::ranges::count(done_, 1); }

  /// Writes or reads the state of the run. The result must have been read before.
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
  /// Index of the next problem in the rows of the run.
  std::size_t next_ = 0;
  /// 1 if the problem has been solved in this run. [local problem]
  std::vector<std::uint8_t> done_;
  /// All evaluations of the live solve of a problem. [local problem]
  std::vector<std::vector<double>> recorded_;
  std::vector<std::int64_t> rows_;
  Batch m_;
  Evaluation evaluation_;
};

}  // namespace jpo
