// The shared solution bank: a joint method that learns from its own solutions. A solve of one
// problem that ends well is knowledge about all of them, through the map (y, c) -> m. Each round
//   learn    n_network networks are fitted to what the solves so far have found (bank_pairs.hpp);
//   propose  each unsolved problem gets a start, N_k(y, c) + what N_k errs by on a solved problem;
//   try      a TAO solve from it, in lockstep (rounds.cpp); the bank keeps the best m and L.
//
// How sure a problem looks solved: w = exp(-(L - q) / tau), at most 1, q the 5 % quantile of the
// banked L over all problems, tau = 2 q sqrt(2 / n_observation) + 1e-3 L_ref. Where q is the misfit
// that white noise leaves, L of solved problems is chi^2 spread with deviation q sqrt(2 / n): tau
// is two of them; the second term is the resolution of noise-free misfits.
//
// Network k never learns from problem i = k modulo n_network (cross-validation): its error there,
// banked m minus prediction, is an honest draw of what it errs by. Starts add such errors, of
// problems drawn by w: wide while the networks know little, narrow once they know. A share of the
// starts stays random, should the networks agree on something wrong.

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "core/random.hpp"
#include "core/statistics.hpp"
#include "methods/bank_pairs.hpp"
#include "methods/clipped_step.hpp"
#include "methods/joint_gradient.hpp"
#include "methods/learning_rate.hpp"
#include "methods/network_calls.hpp"
#include "methods/normalization.hpp"
#include "methods/rounds.hpp"
#include "methods/starts.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kPool = 512;  // problems whose errors starts are drawn from
constexpr int kDraws = 64;           // attempts to draw one of them by its w

struct BankSettings : RoundsSettings {
  std::int64_t networks = 3;
  std::int64_t updates = 200;
  std::int64_t simulations = 16;
  double random_starts = 0.2;
  double clip_norm = 1.0;
  LearningRateSettings learning_rate;

  BankSettings() {
    max_evaluations = 100.0;
    patience = 15;
  }
  void describe(KeyTable& table) override {
    table.add("networks", &networks,
              {.doc = "networks, each trained on all problems but every networks-th",
               .min = 2,
               .max = 100});
    table.add("updates", &updates,
              {.doc = "optimizer steps of each network in a round that tries all problems; fewer "
                      "where only some are tried",
               .min = 1});
    table.add("simulations", &simulations,
              {.doc = "simulated pairs a problem that the networks learn from, kept from its "
                      "solves; 0: none, only the best answers",
               .min = 0,
               .max = 4096});
    table.add("random_starts", &random_starts,
              {.doc = "share of the starts that are drawn from the box", .min = 0, .max = 1});
    table.add("clip_norm", &clip_norm,
              {.doc = "largest norm of the weight gradient; 0: no clipping", .min = 0});
    learning_rate.describe(table);
    RoundsSettings::describe(table);
  }
};

// One of the networks, and how it learns.
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
  }

  /// Some updates, the rate falling from the first to the last; then answers to all problems.
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
  const Batch& answers() const { return answers_; }
  const Network& network() const { return network_; }

 private:
  const BankSettings& settings_;
  Network network_;
  MethodResult scratch_;  ///< fits cost no solves and answer no problem: stays empty
  JointGradient joint_;
  Batch answers_;
  ClippedStep step_;
  std::int64_t n_update_ = 0;
};

class Bank : public Proposal {
 public:
  Bank(const BankSettings& settings, const Task& task)
      : settings_(settings),
        task_(task),
        space_(task.objective.shape().parameters),
        pairs_(task, settings.simulations, settings.networks),
        weight_(static_cast<std::size_t>(task.objective.n_problem())) {
    for (std::int64_t k = 0; k < settings.networks; ++k)
      learners_.push_back(std::make_unique<Learner>(settings, task, pairs_, k));
  }

  MethodResult solve() {
    task_.objective.watch([this](std::int64_t row, auto m, auto y) { pairs_.visit(row, m, y); });
    MethodResult result = solve_in_rounds(settings_, task_, *this);
    task_.objective.watch({});
    result.network = trained_network(
        task_.network, network_shape(task_.objective.shape(), task_.shard.micro_batch()),
        learners_.front()->network());
    return result;
  }

  void begin(std::int64_t round, std::span<const std::int64_t> active,
             const MethodResult& best) override {
    weigh(best.loss);
    learn(best.parameters, active);
    gather_errors(round, best.parameters);
  }

  void draw_start(std::int64_t round, std::int64_t row, RandomStream& stream,
                  std::span<double> m) const override {
    const double* error = stream.uniform() < settings_.random_starts ? nullptr : draw_error(stream);
    if (error == nullptr) {
      draw_from_box(stream, space_, m);
      return;
    }
    const std::int64_t k = (round + task_.global_id(row)) % settings_.networks;
    const auto prediction = learners_[static_cast<std::size_t>(k)]->answers().read();
    for (std::size_t j = 0; j < m.size(); ++j)
      m[j] = std::clamp(prediction.row(row)[j] + error[j], space_.lower[j], space_.upper[j]);
  }

 private:
  // The same on all ranks: quantiles of all banked losses.
  void weigh(const std::vector<double>& loss) {
    const std::vector<double> all = sorted_finite(gather_rows(loss, task_.comm));
    const double floor = quantile(all, 0.05);
    const auto n = static_cast<double>(task_.objective.shape().observation.size());
    const double spread = 2.0 * floor * std::sqrt(2.0 / n) + 1e-3 * task_.loss_reference;
    std::ranges::transform(loss, weight_.begin(), [&](double value) {
      return std::isnan(value) ? 0.0 : std::min(1.0, std::exp(-(value - floor) / spread));
    });
  }

  // The fewer problems are tried, the less is new.
  void learn(const Batch& answers, std::span<const std::int64_t> active) {
    const std::int64_t n_active = reduce_sum(static_cast<std::int64_t>(active.size()), task_.comm);
    const std::int64_t updates =
        std::max<std::int64_t>(1, settings_.updates * n_active / task_.shard.n_problem());
    for (std::int64_t k = 0; k < settings_.networks; ++k) {
      pairs_.teach(k, answers, weight_);
      learners_[static_cast<std::size_t>(k)]->learn(updates);
    }
  }

  // errors_: rows (w, m - prediction) of at most kPool problems of all ranks, in the order of ids.
  void gather_errors(std::int64_t round, const Batch& answers) {
    std::vector<double> local;
    const auto m = answers.read();
    RandomStream stream(stream_seed(task_.seed, fmt::format("pool {}", round), task_.name, 0));
    const std::int64_t n = task_.shard.n_problem();
    const double share = static_cast<double>(kPool) / static_cast<double>(n);
    std::vector<bool> in_pool(static_cast<std::size_t>(n));
    for (std::int64_t id = 0; id < n; ++id)
      in_pool[static_cast<std::size_t>(id)] = n <= kPool || stream.uniform() < share;
    for (const std::int64_t row : task_.usable) {
      const auto k = static_cast<std::size_t>(row);
      if (!in_pool[static_cast<std::size_t>(task_.global_id(row))] || weight_[k] < 1e-3) continue;
      const auto prediction =
          learners_[static_cast<std::size_t>(pairs_.held_out_by(row))]->answers().read();
      local.push_back(weight_[k]);
      for (std::size_t j = 0; j < space_.scale.size(); ++j)
        local.push_back(m.row(row)[j] - prediction.row(row)[j]);
    }
    errors_ = gather_rows(local, task_.comm);
  }

  // By weight; null where nothing looks solved.
  const double* draw_error(RandomStream& stream) const {
    const std::size_t width = space_.scale.size() + 1;
    const std::size_t n = errors_.size() / width;
    for (int attempt = 0; n > 0 && attempt < kDraws; ++attempt) {
      const double* entry = errors_.data() + stream.below(n) * width;
      if (stream.uniform() < entry[0]) return entry + 1;
    }
    return nullptr;
  }

  const BankSettings& settings_;
  const Task& task_;
  const ParameterSpace& space_;
  BankPairs pairs_;
  std::vector<double> weight_;  ///< w of each local problem
  std::vector<std::unique_ptr<Learner>> learners_;
  std::vector<double> errors_;
};

}  // namespace

MethodKind bank_kind() {
  MethodKind kind{"bank", "networks learn from the solves so far where the next ones should start",
                  [] { return std::make_unique<BankSettings>(); },
                  [](const Settings& settings, const Task& task) {
                    return Bank(dynamic_cast<const BankSettings&>(settings), task).solve();
                  },
                  refused_options};
  kind.trains_network = true;
  return kind;
}

}  // namespace jpo
