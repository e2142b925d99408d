// The shared solution bank: a joint method that learns from its own solutions. The solution of one
// problem is a sample of the map (y, c) -> m and therefore helps to solve the others. Each round
// has three parts:
//
//   learn    n_network networks are trained on the pairs known so far (bank_pairs.hpp)
//   propose  each unsolved problem gets a start: the answer of a network plus a random error
//   solve    TAO solves from the starts, in lockstep (rounds.cpp); the bank keeps the best m and L
//
// Before round 0 the only pairs are draws m of the prior with their simulations F(m), which cost
// half a gradient evaluation each. Round 0 starts at the mean of the networks' answers, or at
// the problem's start if there are no such pairs.
//
// A weight w of the best L of a problem measures how likely the problem is solved
// (bank_weights.hpp). Network k never learns from problems i = k modulo n_network
// (cross-validation), so its error there (best m minus prediction) estimates the error on unsolved
// problems. A start adds such an error of another problem, drawn with probability w. These errors
// are large in early rounds and decrease with training. A share of the starts is random, in case
// all networks agree on a wrong answer. The result stores network 0.

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "core/statistics.hpp"
#include "methods/method.hpp"
#include "network/parameter_map.hpp"
#include "solving/per_problem/rounds.hpp"
#include "training/bank/bank_pairs.hpp"
#include "training/bank/bank_weights.hpp"
#include "training/clipped_step.hpp"
#include "training/joint_gradient.hpp"
#include "training/learning_rate.hpp"
#include "training/network_calls.hpp"
#include "training/normalization.hpp"

namespace jpo {
namespace {

// Expected number of problems in the pool of errors.
constexpr std::int64_t kPool = 512;
// Largest number of attempts to draw an error by its w.
constexpr int kDraws = 64;
// Fewer updates than this are postponed to a later round.
constexpr std::int64_t kFewUpdates = 10;

struct BankSettings : RoundsSettings {
  std::string weighting = bank_weightings().front();
  std::int64_t networks = 3;
  std::int64_t updates = 200;
  std::int64_t simulations = 16;
  std::int64_t random_draws = 8;
  double random_starts = 0.2;
  double clip_norm = 1.0;
  LearningRateSettings learning_rate;

  BankSettings() {
    max_evaluations = 100.0;
    patience = 15;
  }
  void describe(KeyTable& table) override {
    table.add(
        "networks", &networks,
        {.doc = "number of networks; network k is not trained on problems k, k + networks, ...; "
                "the result stores network 0",
         .min = 2,
         .max = 100});
    table.add("weighting", &weighting,
              {.doc = "weight of a problem's best answer in the training. chi: decreases with the "
                      "misfit, in units of the standard deviation that white noise causes; rank: "
                      "decreases with the rank of the misfit; equal: the same for all problems",
               .allowed = bank_weightings()});
    table.add("updates", &updates,
              {.doc = "updates of each network after a round in which all problems are active; "
                      "proportionally fewer if only some of them are",
               .min = 1,
               .max = 1'000'000});
    table.add(
        "simulations", &simulations,
        {.doc = "number of simulated pairs per problem, kept from its solves for the training "
                "of the networks; 0: none, only the best answers",
         .min = 0,
         .max = 4096});
    table.add(
        "random_draws", &random_draws,
        {.doc = "number of draws from the prior per problem that are simulated before the first "
                "solve, at half a gradient evaluation each; the networks learn from them and "
                "give the first starts; 0: the first start is the problem's start",
         .min = 0,
         .max = 4096});
    table.add("random_starts", &random_starts,
              {.doc = "share of the starts that are drawn from the prior", .min = 0, .max = 1});
    table.add("clip_norm", &clip_norm,
              {.doc = "largest norm of the gradient of the weights; 0: no clipping", .min = 0});
    learning_rate.describe(table);
    RoundsSettings::describe(table);
  }
  void check() const override {
    if (random_draws > simulations)
      throw BadInput(
          fmt::format("key 'random_draws' = {}: more than 'simulations' = {}; allowed: at most {}",
                      random_draws, simulations, simulations));
  }
};

// One of the networks with its training.
class Learner {
 public:
  Learner(const BankSettings& settings, const Task& task, BankPairs& pairs, std::int64_t k)
      : settings_(settings),
        network_(task.network, network_shape(task.objective.shape(), task.shard.micro_batch()),
                 stream_seed(task.seed, fmt::format("network {}", k), task.name, 0)),
        scratch_(task.objective.n_problem(), task.objective.shape().parameters),
        joint_(task, network_, pairs, task.shard.micro_batch()),
        answers_(scratch_.parameters.copy()),
        step_(task, network_, settings.clip_norm, pairs.clip_unit()) {
    network_.set_normalization(input_statistics(network_, task));
    if (task.start != nullptr)
      network_.set_offsets(
          start_offsets(task.objective.shape().parameters, task.network.output_map, *task.start));
  }

  /// Makes `updates` updates, with the whole schedule of the learning rate, then
  /// predicts the answers to all problems. Collective.
  void learn(std::int64_t updates) {
    LearningRate rate(settings_.learning_rate, updates);
    for (std::int64_t update = 0; update < updates; ++update, ++n_update_) {
      const JointSum sum = joint_.evaluate(n_update_, 0.0, scratch_);
      if (!sum.usable) continue;
      step_.take(joint_.gradient(), sum, rate.at(update));
      rate.observe(sum.loss_mean);
    }
    joint_.predict_answers(answers_);
  }
  void archive(StateArchive& archive, const std::string& name) {
    network_.archive(archive, name);
    archive.shared(name + "/n_update", n_update_);
    archive.by_problem(name + "/answers", answers_);
  }
  const Batch& answers() const { return answers_; }
  const Network& network() const { return network_; }

 private:
  const BankSettings& settings_;
  Network network_;
  /// Stays empty, because the training makes no solves and its answers are not results.
  MethodResult scratch_;
  JointGradient joint_;
  Batch answers_;
  ClippedStep step_;
  std::int64_t n_update_ = 0;
};

// Adds each successful simulation to the pairs.
class PairRecorder : public EvaluationHook {
 public:
  explicit PairRecorder(BankPairs& pairs) : pairs_(pairs) {}
  void after_misfit(const SolvedProblems& solved, const Batch& m, const Batch& y,
                    std::span<const Outcome> outcome) override {
    const auto m_rows = m.read();
    const auto y_rows = y.read();
    for (std::size_t k = 0; k < solved.slots.size(); ++k)
      if (outcome[solved.slots[k]] == Outcome::ok)
        pairs_.visit(solved.rows[k], m_rows.row(k), y_rows.row(k));
  }

 private:
  BankPairs& pairs_;
};

class BankProposal final : public Proposal {
 public:
  BankProposal(const BankSettings& settings, const Task& task)
      : settings_(settings),
        task_(task),
        space_(task.objective.shape().parameters),
        pairs_(task, settings.simulations, settings.networks),
        weight_(task.objective.n_problem()),
        n_tried_(task.shard.n_problem()),
        recorder_(pairs_),
        recording_(task.objective, recorder_) {
    for (std::int64_t k = 0; k < settings.networks; ++k)
      learners_.push_back(std::make_unique<Learner>(settings, task, pairs_, k));
  }

  void answer(MethodResult& result) override {
    result.network = trained_network(
        task_.network, network_shape(task_.objective.shape(), task_.shard.micro_batch()),
        learners_.front()->network());
  }

  bool prepare(MethodResult& result, double max_evaluations) override {
    // At least one evaluation is left for the first solve.
    const auto n_draw = std::clamp<std::int64_t>(
        static_cast<std::int64_t>(2.0 * (max_evaluations - 1.0)), 0, settings_.random_draws);
    Batch m = result.parameters.copy();
    Evaluation evaluation(m.n_problem(), m.n_component());
    m.set_n_problem(std::ssize(task_.usable));
    for (std::int64_t draw = 0; draw < n_draw; ++draw) {
      {
        const auto rows = m.write();
        for (std::size_t k = 0; k < task_.usable.size(); ++k) {
          RandomStream stream = task_.stream("draw", draw, task_.usable[k]);
          task_.objective.sample_parameters(task_.usable[k], stream, rows.row(k));
        }
      }
      task_.objective.evaluate_loss(task_.usable, m, result.ledger, evaluation);
      // Only failures are recorded. A draw must not become an answer, because a problem solved by
      // chance would then never be solved by TAO.
      for (std::size_t k = 0; k < task_.usable.size(); ++k)
        if (evaluation.outcome[k] != Outcome::ok)
          result.record(task_.usable[k], {}, evaluation.loss[k], evaluation.outcome[k]);
    }
    return n_draw > 0;
  }

  void begin(std::int64_t round, std::span<const std::int64_t> active,
             const MethodResult& best) override {
    weigh(best.loss);
    learn(best.parameters, active);
    if (round > 0) gather_errors(round, best.parameters);
  }

  void draw_start(const StartRequest& request, RandomStream& stream,
                  std::span<double> m) const override {
    const std::int64_t row = request.row;
    if (request.round == 0) {
      first_answer(request, m);
      return;
    }
    const double* error =
        stream.uniform() < settings_.random_starts ? nullptr : draw_error(row, stream);
    if (error == nullptr) {
      task_.objective.sample_parameters(row, stream, m);
      return;
    }
    const std::int64_t k =
        (request.round + task_.global_id(row) + request.candidate) % settings_.networks;
    const auto prediction = answers_of(k).read();
    for (std::size_t j = 0; j < m.size(); ++j) m[j] = prediction.row(row)[j] + error[j];
    clamp_to_box(m);
  }

  void archive(StateArchive& archive, const std::string& name) override {
    pairs_.archive(archive, name + "/pairs");
    for (std::size_t k = 0; k < learners_.size(); ++k)
      learners_[k]->archive(archive, fmt::format("{}/network {}", name, k));
    archive.shared(name + "/updates_due", updates_due_);
    archive.shared(name + "/n_tried", n_tried_);
  }

 private:
  const Batch& answers_of(std::int64_t k) const { return learners_[k]->answers(); }

  // Sets m to the start of round 0: candidate 0 is the mean of the networks' answers, candidate k
  // the answer of network k - 1 modulo n_network.
  void first_answer(const StartRequest& request, std::span<double> m) const {
    const bool is_mean = request.candidate == 0;
    const std::int64_t first = is_mean ? 0 : (request.candidate - 1) % settings_.networks;
    const std::int64_t n = is_mean ? settings_.networks : 1;
    std::ranges::fill(m, 0.0);
    for (std::int64_t k = first; k < first + n; ++k) {
      const auto answers = answers_of(k).read();
      for (std::size_t j = 0; j < m.size(); ++j)
        m[j] += answers.row(request.row)[j] / static_cast<double>(n);
    }
    clamp_to_box(m);
  }

  void clamp_to_box(std::span<double> m) const {
    for (std::size_t j = 0; j < m.size(); ++j)
      m[j] = std::clamp(m[j], space_.lower[j], space_.upper[j]);
  }

  void weigh(const std::vector<double>& loss) {
    const auto scope = task_.timer.scope(Phase::reduce);
    weight_ = bank_weights(settings_.weighting, loss,
                           {sorted_finite(gather_rows(loss, task_.comm)),
                            task_.objective.shape().observation.size(), task_.levels.reference});
  }

  // Trains the networks. The number of updates is proportional to the number of problems that the
  // last round solved.
  void learn(const Batch& answers, std::span<const std::int64_t> active) {
    const std::int64_t n_active = reduce_sum(static_cast<std::int64_t>(active.size()), task_.comm);
    updates_due_ += static_cast<double>(settings_.updates * n_tried_) /
                    static_cast<double>(task_.shard.n_problem());
    n_tried_ = n_active;
    const auto updates = static_cast<std::int64_t>(updates_due_);
    if (updates < std::min(kFewUpdates, settings_.updates)) return;
    updates_due_ -= static_cast<double>(updates);
    for (std::int64_t k = 0; k < settings_.networks; ++k) {
      pairs_.teach(k, answers, weight_);
      learners_[k]->learn(updates);
    }
  }

  // Fills errors_ with rows (id, w, m - prediction) of about kPool problems of all ranks, in the
  // order of ids. Collective.
  void gather_errors(std::int64_t round, const Batch& answers) {
    const auto scope = task_.timer.scope(Phase::reduce);
    const double share = static_cast<double>(kPool) / static_cast<double>(task_.shard.n_problem());
    std::vector<double> local;
    const auto m = answers.read();
    for (const std::int64_t row : task_.usable) {
      const double weight = weight_[row];
      if (weight < 1e-3 || task_.stream("pool", round, row).uniform() >= share) continue;
      const auto prediction = answers_of(pairs_.held_out_by(row)).read();
      local.push_back(static_cast<double>(task_.global_id(row)));
      local.push_back(weight);
      for (std::size_t j = 0; j < space_.scale.size(); ++j)
        local.push_back(m.row(row)[j] - prediction.row(row)[j]);
    }
    errors_ = gather_rows(local, task_.comm);
  }

  // Draws the error of another problem with probability w. Returns null if no attempt succeeds.
  const double* draw_error(std::int64_t row, RandomStream& stream) const {
    const std::size_t width = space_.scale.size() + 2;
    const std::size_t n = errors_.size() / width;
    const auto own = static_cast<double>(task_.global_id(row));
    for (int attempt = 0; n > 0 && attempt < kDraws; ++attempt) {
      const double* entry = errors_.data() + stream.below(n) * width;
      if (stream.uniform() < entry[1] && entry[0] != own) return entry + 2;
    }
    return nullptr;
  }

  const BankSettings& settings_;
  const Task& task_;
  const ParameterSpace& space_;
  BankPairs pairs_;
  /// w. [local problem]
  std::vector<double> weight_;
  std::vector<std::unique_ptr<Learner>> learners_;
  /// See gather_errors().
  std::vector<double> errors_;
  /// Updates that are still to be made; a fraction or few of them wait for a later round.
  double updates_due_ = 0.0;
  /// Number of problems that the last round solved, on all ranks.
  std::int64_t n_tried_;
  PairRecorder recorder_;
  Objective::HookScope recording_;
};

class Bank final : public Rounds {
 public:
  using Settings = BankSettings;
  static MethodTraits traits(const Settings& settings) {
    MethodTraits traits = Rounds::traits(settings);
    traits.trains_network = true;
    traits.n_network = settings.networks;
    traits.n_kept_pair = settings.simulations;
    return traits;
  }
  Bank(const Settings& settings, const Task& task)
      : Rounds(settings, task, std::make_unique<BankProposal>(settings, task)) {}
};

const RegisterMethod<Bank> registered{
    "bank", "networks trained on the solutions found so far propose the next starts"};

}  // namespace
}  // namespace jpo
