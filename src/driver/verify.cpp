// jpo verify: checks gradients. First that of the model alone (inverse/verification), then that of
// the mean loss with respect to the network's weights, then whether one rank and all ranks compute
// the same bits.

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "core/communicator.hpp"
#include "core/hash.hpp"
#include "core/log.hpp"
#include "core/random.hpp"
#include "core/session/petsc_options.hpp"
#include "driver/deck_checks.hpp"
#include "driver/job.hpp"
#include "driver/verb.hpp"
#include "inverse/verification.hpp"
#include "training/joint_gradient.hpp"
#include "training/normalization.hpp"
#include "training/problem_losses.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kMaxProblems = 8;
constexpr std::int64_t kMaxMicroBatch = 2;
constexpr double kOrderLimit = 1.9;

// The mean loss over all problems of a communicator, as a function of the network's weights.
class Chain {
 public:
  Chain(const Deck& deck, MPI_Comm comm, const NetworkSettings& settings)
      : job_(deck_of(deck), comm),
        settings_(settings),
        objective_(job_.objective(false)),
        result_(job_.empty_result()),
        task_{job_.task("verify", objective_, result_)},
        network_(settings_, network_shape(job_.shape(), job_.shard().micro_batch()),
                 stream_seed(task_.seed, "network", "verify", 0)),
        losses_(task_, {}, 1),
        joint_(task_, network_, losses_, job_.shard().micro_batch()) {
    network_.set_normalization(input_statistics(network_, task_));
    theta_ = network_.weights();
  }

  double loss_at(std::span<const double> theta) {
    network_.set_weights(theta);
    return joint_.evaluate(0, 0.0, result_).loss_mean;
  }
  const std::vector<double>& theta() const { return theta_; }
  std::span<const double> gradient() const { return joint_.gradient(); }

 private:
  static Deck deck_of(const Deck& deck) {
    return read_deck(deck.resolved, "the deck", {}, program_catalogue());
  }

  Job job_;
  NetworkSettings settings_;
  Objective objective_;
  MethodResult result_;
  Task task_;
  Network network_;
  ProblemLosses losses_;
  JointGradient joint_;
  std::vector<double> theta_;
};

// A network without spread at the start gives the same answers for all inputs, and most layers
// would have a zero gradient.
NetworkSettings spread_network(const Deck& deck) {
  NetworkSettings settings = deck.section<NetworkSettings>("network");
  settings.output_spread = std::max(settings.output_spread, 0.3);
  return settings;
}

// Finite differences need double precision and a smooth activation: gelu replaces relu.
NetworkSettings smooth_network(const Deck& deck) {
  NetworkSettings settings = spread_network(deck);
  settings.precision = "double";
  if (settings.activation == "relu") settings.activation = "gelu";
  return settings;
}

std::vector<double> random_direction(std::size_t n) {
  RandomStream stream(stream_seed(0, "verify direction", "", 0));
  std::vector<double> direction(n);
  for (double& value : direction) value = stream.normal();
  const double norm =
      std::sqrt(std::inner_product(direction.begin(), direction.end(), direction.begin(), 0.0));
  for (double& value : direction) value /= norm;
  return direction;
}

// If and only if factor g is the gradient, |L(theta + eps d) - L(theta) - eps factor g.d| =
// O(eps^2).
CheckRow check_chain(const Deck& deck, double gradient_factor, MPI_Comm comm) {
  Chain chain(deck, comm, smooth_network(deck));
  const std::vector<double> theta = chain.theta();
  const double loss = chain.loss_at(theta);
  const std::vector<double> direction = random_direction(theta.size());
  const double slope = gradient_factor * std::inner_product(direction.begin(), direction.end(),
                                                            chain.gradient().begin(), 0.0);
  std::vector<double> steps, remainders;
  std::vector<double> moved(theta.size());
  for (int k = 4; k <= 16; ++k) {
    const double step = std::ldexp(1.0, -k);
    for (std::size_t j = 0; j < theta.size(); ++j) moved[j] = theta[j] + step * direction[j];
    steps.push_back(step);
    remainders.push_back(std::abs(chain.loss_at(moved) - loss - step * slope));
  }
  return taylor_row("weight gradient: Taylor order (smooth network)", steps, remainders, loss,
                    kOrderLimit);
}

CheckRow check_ranks(const Deck& deck, MPI_Comm comm) {
  Chain shared(deck, comm, spread_network(deck));
  Chain alone(deck, MPI_COMM_SELF, spread_network(deck));
  const double loss_shared = shared.loss_at(shared.theta());
  const double loss_alone = alone.loss_at(alone.theta());
  const bool same =
      loss_shared == loss_alone && std::ranges::equal(shared.gradient(), alone.gradient());
  std::array<double, 1> differs = {same ? 0.0 : 1.0};
  reduce_max(differs, comm);
  const int n_rank = mpi::size(comm);
  return {fmt::format("joint gradient: different bits on 1 and {} ranks (0: none)", n_rank),
          differs[0],
          0.0,
          differs[0] == 0.0,
          {fmt::format("gradient hash {:016x}", hash_values(shared.gradient()))}};
}

void show(const CheckRow& row) {
  log_info("{} {:<58} {:>12.4g}  limit {:.4g}", row.passed ? "pass" : "FAIL", row.name, row.value,
           row.limit);
  for (const std::string& line : row.details) log_info("       {}", line);
}

class Verify final : public Verb {
 public:
  void add_arguments(CLI::App& parser) override {
    add_deck(parser, deck_)->required();
    parser.add_option(
        "--scale-gradient", gradient_factor_,
        "multiply the gradient by this factor; the Taylor checks fail unless it is 1");
    add_notes(
        parser,
        {.examples = {"jpo verify inputs/kuramoto_sivashinsky.toml",
                      "mpirun -n 2 jpo verify inputs/diffusion.toml",
                      "jpo verify inputs/diffusion.toml --scale-gradient 0.999   (must fail)"},
         .exit_codes = "  0  all checks passed\n"
                       "  1  a check failed, or internal error\n"
                       "  2  bad input: command line, deck or a file that the deck "
                       "names",
         .documents = "inputs/README.md (verbs)"});
  }
  ExitCode run(const std::string& command, MPI_Comm comm) override;

 private:
  DeckArguments deck_;
  double gradient_factor_ = 1.0;
};

ExitCode Verify::run(const std::string& /*command*/, MPI_Comm comm) {
  DeckArguments small = deck_;
  const Deck full = load_deck(deck_.path, deck_.overrides, comm);
  const std::int64_t n_problem =
      std::min(full.section<DataSettings>("data").n_problem, kMaxProblems);
  const std::int64_t micro_batch =
      std::min(full.section<ParallelSettings>("parallel").micro_batch, kMaxMicroBatch);
  small.overrides.push_back(fmt::format("data.n_problem={}", n_problem));
  small.overrides.push_back(fmt::format("parallel.micro_batch={}", micro_batch));
  small.overrides.emplace_back("parallel.reduction=\"exact\"");
  const Deck deck = load_deck(deck_.path, small.overrides, comm);
  start_network_library();
  const auto model = make_model(deck, Resolution::inversion);
  check_problems_and_sizes(deck, model->shape(), comm);
  const PetscOptionsScope options_scope(deck.petsc);

  log_info("verifying gradients of model {} on {} problems\n", deck.model_name, n_problem);
  VerifyOptions options;
  options.misfit = deck.section<MisfitSettings>("misfit");
  options.gradient_factor = gradient_factor_;
  options.seed = static_cast<std::uint64_t>(deck.section<RunSettings>("run").seed);
  std::vector<CheckRow> rows = verify_model(*model, options);
  if (uses_network(full)) {
    rows.push_back(check_chain(deck, gradient_factor_, comm));
    rows.push_back(check_ranks(deck, comm));
  } else {
    log_info("no method of this deck trains a network; the checks of the network are skipped");
  }
  for (const CheckRow& row : rows) show(row);
  std::array<double, 1> failed = {
      static_cast<double>(std::ranges::count(rows, false, &CheckRow::passed))};
  reduce_max(failed, comm);
  log_info("\n{} checks, {} failed", rows.size(), failed[0]);
  return failed[0] == 0.0 ? ExitCode::done : ExitCode::internal_error;
}

const RegisterVerb<Verify> registered{"verify",
                                      "check the gradients of the deck's model and network"};

}  // namespace
}  // namespace jpo
