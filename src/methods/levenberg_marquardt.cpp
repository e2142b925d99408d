// Levenberg-Marquardt for each problem, from the problem's start or from an answer of another
// method. It solves least-squares problems of models with a tangent. The gain ratio controls the
// damping (Nielsen 1999, IMM-REP-1999-05); bounds are kept by projection. TAO's solver is not used
// because it does not reject steps and needs more Jacobians.
//
// At most min(parallel.solve_batch, 1024) problems advance together. Each round has one evaluation
// and one linearization; the next problems replace those that have ended. The bits of a result do
// not depend on the other problems.

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "methods/method.hpp"
#include "solving/per_problem/gauss_newton.hpp"

namespace jpo {
namespace {

// Steps with a smaller gain ratio are rejected.
constexpr double kAccepted = 1e-4;
constexpr double kLargestDamping = 1e16;
constexpr std::int64_t kFewUnknowns = 64;

struct LmSettings : Settings {
  std::string from;
  double max_evaluations = 100.0;
  double gradient_tolerance = 1e-6;
  double step_tolerance = 1e-10;
  double damping = 1e-3;
  std::string linear_solver = "auto";
  std::int64_t cg_iterations = 20;

  void describe(KeyTable& table) override {
    table.add("from", &from,
              {.doc = "the answers of this method are the starts; empty: the problem's start",
               .earlier_method = EarlierMethod::start});
    table.add("max_evaluations", &max_evaluations,
              {.doc = "largest number of gradient evaluations per problem: half of all forward, "
                      "tangent and adjoint solves",
               .min = 1});
    table.add(
        "gradient_tolerance", &gradient_tolerance,
        {.doc = "a solve stops if the norm of the projected gradient is below this times that "
                "at the start",
         .min = 0,
         .max = 1});
    table.add("step_tolerance", &step_tolerance,
              {.doc = "a solve stops if its step is below this",
               .unit = "scale of the parameters",
               .min = 0});
    table.add("damping", &damping,
              {.doc = "damping of the first step, relative to the curvature",
               .min = 0,
               .min_is_open = true});
    table.add("linear_solver", &linear_solver,
              {.doc = "dense: normal equations with one tangent solve per parameter; cg: conjugate "
                      "gradients; auto: dense up to 64 parameters, else cg",
               .allowed = {"auto", "dense", "cg"}});
    table.add("cg_iterations", &cg_iterations,
              {.doc = "largest number of iterations of cg in a step", .min = 1, .max = 10000});
  }
};

// Returns the number of problems that advance together. The limit exists because a device could
// solve more problems at once than fit into its memory together with their Jacobians.
std::int64_t n_slot(const Task& task) {
  constexpr std::int64_t most = 1024;
  return std::min(task.objective.solve_batch(), most);
}

class LevenbergMarquardt final : public Method {
 public:
  using Settings = LmSettings;
  static MethodTraits traits(const Settings& /*settings*/) { return {.uses_tangent = true}; }
  static std::string refusal(const std::string& /*name*/, const Settings& /*settings*/,
                             const ModelShape& shape) {
    return shape.has_tangent ? "" : "it needs a tangent, which this model does not have";
  }

  LevenbergMarquardt(const Settings& settings, const Task& task)
      : settings_(settings),
        task_(task),
        space_(task.objective.shape().parameters),
        result_(task.result),
        starts_(settings.from.empty() ? result_.parameters.copy()
                                      : task.earlier.result(settings.from).parameters.copy()),
        n_slot_(n_slot(task)),
        done_(result_.loss.size()),
        recorded_(result_.loss.size()),
        trials_(n_slot_, space_.size()),
        evaluation_(n_slot_, space_.size()) {
    const bool dense = settings.linear_solver == "dense" ||
                       (settings.linear_solver == "auto" && space_.size() <= kFewUnknowns);
    task.result.course = {std::ssize(task.result.loss), settings.max_evaluations};
    gauss_newton_ =
        dense ? make_dense_gauss_newton(task.objective, trials_.capacity())
              : make_cg_gauss_newton(task.objective, trials_.capacity(), settings.cg_iterations);
  }

  // Solves all problems.
  void step(SafePoint& safe_point) override {
    const auto scope = task_.timer.scope(Phase::solver);
    safe_point.at_own_pace([this] { return advance(); });
    is_done_ = true;
  }
  bool is_done() const override { return is_done_; }

  // The state between two rounds, before the evaluation of the trials.
  void archive(StateArchive& archive) override {
    archive.by_problem("done", done_);
    // Paths in slots, and paths of a checkpoint that wait for one.
    std::vector<std::vector<double>> paths = recorded_;
    for (std::size_t k = 0; k < paths_.size(); ++k) paths[paths_[k].row] = numbers(k);
    archive.by_problem("paths", paths);
    if (archive.is_reading()) recorded_ = std::move(paths);
  }
  StepReport report() const override {
    return {.n_done = std::ranges::count(done_, 1),
            .n_total = std::ssize(task_.usable),
            .unit = "problems",
            .detail = "on rank 0",
            .is_recorded = false};
  }

 private:
  // Runs a round: one evaluation and one linearization of all paths. Returns false if no problem is
  // left.
  bool advance() {
    fill();
    if (paths_.empty()) return false;
    evaluate();
    accept_or_reject();
    gauss_newton_->linearize(paths_, accepted_, result_.ledger);
    propose();
    drop_ended();
    return true;
  }

  // Starts paths in free slots. Path k uses the Gauss-Newton data of slot k.
  void fill() {
    while (std::ssize(paths_) < n_slot_ && next_ < std::ssize(task_.usable)) {
      const std::int64_t row = task_.usable[next_++];
      if (done_[row] != 0) continue;
      GaussNewtonPath path;
      path.row = row;
      path.m.resize(space_.size());
      path.g = path.trial = path.m;
      std::ranges::copy(starts_.read().row(row), path.trial.begin());
      path.loss = std::numeric_limits<double>::infinity();
      path.damping = settings_.damping;
      paths_.push_back(std::move(path));
      std::vector<double>& recorded = recorded_[row];
      if (!recorded.empty()) set_numbers(paths_.size() - 1, std::exchange(recorded, {}));
    }
  }

  // Visits the scalars of a path; its state is these, its vectors and the state of the linear
  // solver.
  template <class Visit>
  static void visit_numbers(GaussNewtonPath& path, Visit&& visit) {
    visit(path.loss);
    visit(path.damping);
    visit(path.damping_growth);
    visit(path.predicted);
    visit(path.first_gradient);
    visit(path.started);
  }

  std::vector<double> numbers(std::size_t k) {
    std::vector<double> all;
    visit_numbers(paths_[k], [&](auto value) { all.push_back(static_cast<double>(value)); });
    for (const auto* vector : {&paths_[k].m, &paths_[k].trial, &paths_[k].g})
      all.insert(all.end(), vector->begin(), vector->end());
    const std::vector<double> steps = gauss_newton_->state(k);
    all.insert(all.end(), steps.begin(), steps.end());
    return all;
  }

  void set_numbers(std::size_t k, std::span<const double> all) {
    std::size_t n = 0;
    visit_numbers(paths_[k], [&](auto& value) {
      value = static_cast<std::remove_reference_t<decltype(value)>>(all[n++]);
    });
    for (auto* vector : {&paths_[k].m, &paths_[k].trial, &paths_[k].g}) {
      std::ranges::copy(all.subspan(n, vector->size()), vector->begin());
      n += vector->size();
    }
    gauss_newton_->set_state(k, all.subspan(n));
  }

  void evaluate() {
    rows_.clear();
    trials_.set_n_problem(static_cast<std::int64_t>(paths_.size()));
    {
      const auto trials = trials_.write();
      for (std::size_t k = 0; k < paths_.size(); ++k) {
        rows_.push_back(paths_[k].row);
        std::ranges::copy(paths_[k].trial, trials.row(k).begin());
      }
    }
    task_.objective.evaluate_loss(rows_, trials_, result_.ledger, evaluation_);
  }

  // Accepts or rejects the evaluated trial of each path.
  void accept_or_reject() {
    accepted_.assign(paths_.size(), 0);
    ended_.assign(paths_.size(), 0);
    for (std::size_t k = 0; k < paths_.size(); ++k) {
      GaussNewtonPath& path = paths_[k];
      const double loss = evaluation_.loss[k];
      const bool ok = evaluation_.outcome[k] == Outcome::ok;
      result_.record(path.row, path.trial, loss, evaluation_.outcome[k]);
      if (!path.started && !ok) end(k, StopReason::diverged_at_start);
      const double gain = path.started ? (path.loss - loss) / path.predicted : 1.0;
      if (!ok || !(gain > kAccepted) || !(loss <= path.loss)) {
        raise_damping(path);
        continue;
      }
      if (path.started) path.damping *= std::max(1.0 / 3.0, 1.0 - std::pow(2.0 * gain - 1.0, 3));
      path.damping_growth = 2.0;
      path.loss = loss;
      path.m = path.trial;
      if (is_within_budget(path, gauss_newton_->n_solve()))
        accepted_[k] = 1;
      else
        end(k, StopReason::budget_reached);
    }
  }

  // Sets the next trial of each path, or ends the path.
  void propose() {
    for (std::size_t k = 0; k < paths_.size(); ++k) {
      if (ended_[k] != 0) continue;
      GaussNewtonPath& path = paths_[k];
      if (accepted_[k] != 0) {
        const double gradient = projected_gradient(path, space_);
        if (!path.started) path.first_gradient = gradient;
        path.started = true;
        if (!std::isfinite(gradient))
          end(k, StopReason::gradient_not_finite);
        else if (gradient <= settings_.gradient_tolerance * path.first_gradient)
          end(k, StopReason::gradient_small);
      }
      if (ended_[k] != 0) continue;
      if (!is_within_budget(path, 1))
        end(k, StopReason::budget_reached);
      else if (!step(k))
        end(k, StopReason::step_small);
    }
  }

  // Proposes a step. Returns false if it is below the tolerance or the linear system cannot be
  // solved. A step cut by the bounds may predict no reduction; more damping turns it towards
  // steepest descent, which predicts one.
  bool step(std::size_t k) {
    GaussNewtonPath& path = paths_[k];
    bool again = accepted_[k] == 0;
    try {
      while (path.damping <= kLargestDamping) {
        if (gauss_newton_->propose(paths_, k, again) <= settings_.step_tolerance) return false;
        if (path.predicted > 0.0) return true;
        raise_damping(path);
        again = true;
      }
    } catch (const std::runtime_error&) {
      return false;  // the matrix is not positive definite
    }
    return false;
  }

  static void raise_damping(GaussNewtonPath& path) {
    path.damping *= path.damping_growth;
    path.damping_growth *= 2.0;
  }

  bool is_within_budget(const GaussNewtonPath& path, std::int64_t n_solve) const {
    return static_cast<double>(result_.ledger.solves(path.row) + n_solve) <=
           2.0 * settings_.max_evaluations;
  }

  void end(std::size_t k, StopReason reason) {
    ended_[k] = 1;
    result_.reason[paths_[k].row] = reason;
  }

  // Removes the paths that have ended; the last path and its linearization move into the free slot.
  void drop_ended() {
    for (std::size_t k = paths_.size(); k-- > 0;) {
      if (ended_[k] == 0) continue;
      done_[paths_[k].row] = 1;
      if (k + 1 < paths_.size()) {
        paths_[k] = std::move(paths_.back());
        gauss_newton_->move(paths_.size() - 1, k);
      }
      paths_.pop_back();
    }
  }

  const Settings& settings_;
  const Task& task_;
  const ParameterSpace& space_;
  MethodResult& result_;
  Batch starts_;
  std::int64_t n_slot_;
  /// Index in task.usable of the next problem to start.
  std::int64_t next_ = 0;
  /// 1 if the problem is done. [local problem]
  std::vector<std::uint8_t> done_;
  /// Paths of a checkpoint that wait for a slot. [local problem]
  std::vector<std::vector<double>> recorded_;
  std::vector<GaussNewtonPath> paths_;
  std::vector<std::int64_t> rows_;
  std::vector<std::uint8_t> accepted_, ended_;
  Batch trials_;
  Evaluation evaluation_;
  std::unique_ptr<GaussNewton> gauss_newton_;
  bool is_done_ = false;
};

const RegisterMethod<LevenbergMarquardt> registered{
    "levenberg_marquardt", "damped Gauss-Newton for each problem; needs the tangent of the model"};

}  // namespace
}  // namespace jpo
