#include "driver/job.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <petscsys.h>

#include "core/checks.hpp"
#include "core/errors.hpp"
#include "core/statistics.hpp"
#include "methods/tao_solve.hpp"
#include "models/registry.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kUnreadable = -1;

std::string read_file(const std::string& path) {
  if (std::filesystem::is_directory(path)) throw BadInput(path);
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) throw BadInput(fmt::format("cannot read the deck {}", path));
  return text.str();
}

// Rank 0 reads; its text, or that it could not, reaches everyone.
std::string read_and_share(const std::string& path, MPI_Comm comm) {
  int rank = 0;
  MPI_OK(MPI_Comm_rank(comm, &rank));
  std::string text;
  std::int64_t size = 0;
  if (rank == 0) {
    try {
      text = read_file(path);
      size = static_cast<std::int64_t>(text.size());
    } catch (const BadInput&) {
      size = kUnreadable;
    }
  }
  MPI_OK(MPI_Bcast(&size, 1, MPI_INT64_T, 0, comm));
  if (size == kUnreadable) throw BadInput(fmt::format("cannot read the deck {}", path));
  text.resize(static_cast<std::size_t>(size));
  MPI_OK(MPI_Bcast(text.data(), static_cast<int>(size), MPI_CHAR, 0, comm));
  return text;
}

const MethodKind& kind_of(const MethodDeck& method) {
  return *std::ranges::find(method_kinds(), method.kind, &MethodKind::name);
}

Shard make_shard(const Deck& deck, MPI_Comm comm) {
  int n_rank = 1;
  int rank = 0;
  MPI_OK(MPI_Comm_size(comm, &n_rank));
  MPI_OK(MPI_Comm_rank(comm, &rank));
  return {deck.section<DataSettings>("data").n_problem,
          deck.section<ParallelSettings>("parallel").micro_batch, n_rank, rank};
}

ProblemSet make_problems(const Deck& deck, const Shard& shard, ForwardModel& model,
                         PhaseTimer& timer) {
  const auto scope = timer.scope(Phase::data);
  const auto& data = deck.section<DataSettings>("data");
  const auto seed = static_cast<std::uint64_t>(deck.section<RunSettings>("run").seed);
  const std::int64_t batch = deck.section<ParallelSettings>("parallel").solve_batch;
  if (data.inverse_crime) return generate_problems(data, seed, shard, batch, model);
  const auto finer = make_model(deck, Resolution::data);
  return generate_problems(data, seed, shard, batch, *finer);
}

}  // namespace

Deck load_deck(const std::string& path, const std::vector<std::string>& overrides, MPI_Comm comm) {
  return read_deck(read_and_share(path, comm), path, overrides, program_catalogue());
}

void apply_petsc_options(const Deck& deck) {
  for (const auto& [option, value] : deck.petsc)
    PETSC(PetscOptionsSetValue(nullptr, ("-" + option).c_str(), value.c_str()));
}

std::vector<std::string> unused_petsc_options(const Deck& deck, MPI_Comm comm) {
  std::vector<double> uses;
  for (const auto& [option, value] : deck.petsc) {
    PetscBool used = PETSC_FALSE;
    PETSC(PetscOptionsUsed(nullptr, option.c_str(), &used));
    uses.push_back(used == PETSC_TRUE ? 1.0 : 0.0);
  }
  reduce_max(uses, comm);
  std::vector<std::string> unused;
  for (std::size_t k = 0; k < uses.size(); ++k)
    if (uses[k] == 0.0) unused.push_back(deck.petsc[k].first);
  return unused;
}

std::unique_ptr<ForwardModel> make_model(const Deck& deck, Resolution resolution) {
  const ModelEntry& entry = *find_model(deck.model_name);
  ModelPlace place;
  place.resolution = resolution;
  auto model = [&] {
    try {
      return entry.make_model(*deck.model, place);
    } catch (const std::invalid_argument& error) {
      throw BadInput(
          fmt::format("section [model]: {} cannot be built: {}", deck.model_name, error.what()));
    }
  }();
  if (resolution == Resolution::data && !model->shape().has_finer)
    throw BadInput(fmt::format(
        "key 'data.inverse_crime' = false: model {} has no finer discretization to make data with; "
        "allowed: true",
        deck.model_name));
  return model;
}

namespace {

void check_faults(const Deck& deck) {
  const std::int64_t n = deck.section<DataSettings>("data").n_problem;
  for (const std::int64_t id : deck.section<FaultSettings>("fault").problems)
    if (id >= n)
      throw BadInput(
          fmt::format("key 'fault.problems': there is no problem {}; allowed: 0 to {}", id, n - 1));
}

// Options of two methods must not be the same ones.
void check_prefixes(const Deck& deck) {
  std::map<std::string, std::string> owner;
  for (const MethodDeck& method : deck.methods) {
    const auto [found, is_new] = owner.emplace(petsc_option_prefix(method.name), method.name);
    if (!is_new)
      throw BadInput(
          fmt::format("methods '{}' and '{}' share the PETSc options '{}...'; allowed: "
                      "names that differ in more than case and signs",
                      found->second, method.name, found->first));
  }
}

}  // namespace

void check_sizes(const Deck& deck, const ModelShape& shape, int n_rank) {
  constexpr std::int64_t most_micro_batches = std::int64_t{1} << 19U;
  const std::int64_t n_micro_batch = max_useful_ranks(deck);
  if (n_micro_batch > most_micro_batches)
    throw BadInput(fmt::format(
        "key 'data.n_problem': {} micro-batches are more than the exact sum takes ({}); allowed: a "
        "larger parallel.micro_batch",
        n_micro_batch, most_micro_batches));
  const std::int64_t local = (n_micro_batch + n_rank - 1) / n_rank *
                             deck.section<ParallelSettings>("parallel").micro_batch;
  const std::int64_t widest =
      std::max({shape.observation.size(), shape.context.size(), shape.parameters.size()});
  if (local > std::numeric_limits<PetscInt>::max() / widest)
    throw BadInput(fmt::format(
        "key 'data.n_problem': {} problems of {} values on one rank are more than PETSc's indices "
        "reach; allowed: more ranks, or fewer problems",
        local, widest));
}

void check_methods(const Deck& deck, const ModelShape& shape) {
  check_faults(deck);
  check_prefixes(deck);
  for (const MethodDeck& method : deck.methods) {
    const std::string refusal = kind_of(method).refusal(method.name, *method.settings, shape);
    if (!refusal.empty())
      throw BadInput(fmt::format("method '{}' ({}) cannot run on model {}: {}", method.name,
                                 method.kind, deck.model_name, refusal));
  }
}

Job::Job(Deck deck, MPI_Comm comm)
    : deck_(std::move(deck)),
      comm_(comm),
      shard_(make_shard(deck_, comm)),
      model_(make_model(deck_, Resolution::inversion)),
      problems_(make_problems(deck_, shard_, checked_model(), timer_)) {
  for (std::size_t row = 0; row < problems_.draw_status.size(); ++row)
    if (problems_.draw_status[row] == SolveStatus::converged)
      usable_.push_back(static_cast<std::int64_t>(row));
  const MethodResult centre(problems_.observation.n_problem(), shape().parameters);
  floor_ = loss_at(problems_.truth);
  loss_at_centre_ = loss_at(centre.parameters);
}

Objective Job::objective(bool with_faults) {
  return {*model_,
          {problems_.context, problems_.observation, problems_.first_id},
          deck_.section<MisfitSettings>("misfit"),
          with_faults ? deck_.section<FaultSettings>("fault") : FaultSettings{},
          deck_.section<ParallelSettings>("parallel").solve_batch,
          timer_};
}

ForwardModel& Job::checked_model() {
  int n_rank = 1;
  MPI_OK(MPI_Comm_size(comm_, &n_rank));
  check_sizes(deck_, model_->shape(), n_rank);
  check_methods(deck_, model_->shape());
  return *model_;
}

std::vector<double> Job::evaluations(std::size_t k) const {
  std::vector<double> local;
  for (std::int64_t row = 0; row < shard_.n_local_problem(); ++row)
    local.push_back(0.5 * results_[k].ledger.solves(row));
  std::vector<double> total = gather_rows(local, comm_);
  const std::string from = earlier_method(deck_.methods[k]);
  if (from.empty()) return total;
  const std::vector<double> earlier = evaluations(method_index(from));
  std::ranges::transform(total, earlier, total.begin(), std::plus<>());
  return total;
}

std::size_t Job::method_index(const std::string& name) const {
  const auto found = std::ranges::find(deck_.methods, name, &MethodDeck::name);
  return static_cast<std::size_t>(found - deck_.methods.begin());
}

double Job::loss_reference() const {
  return finite_median(gather_rows(loss_at_centre_, comm_));
}

double Job::solved_below() const {
  const auto& data = deck_.section<DataSettings>("data");
  const auto& misfit = deck_.section<MisfitSettings>("misfit");
  if (!data.inverse_crime || misfit.prior_weight > 0.0)
    return -std::numeric_limits<double>::infinity();
  const auto n = static_cast<double>(shape().observation.size());
  const double deviation = data.noise / misfit.residual_scale;
  const double floor = 0.5 * n * deviation * deviation;
  return floor * (1.0 + 2.5 * std::sqrt(2.0 / n)) + 1e-6 * loss_reference();
}

Task Job::task(const std::string& name, Objective& objective) {
  const auto& parallel = deck_.section<ParallelSettings>("parallel");
  return {name,
          static_cast<std::uint64_t>(deck_.section<RunSettings>("run").seed),
          comm_,
          shard_,
          objective,
          parallel.reduction == "exact" ? Reduction::exact : Reduction::fast,
          deck_.section<NetworkSettings>("network"),
          timer_,
          usable_,
          [this](const std::string& earlier) -> const MethodResult& {
            return results_.at(method_index(earlier));
          },
          [this](const std::string& earlier) { return mean(evaluations(method_index(earlier))); },
          solved_below(),
          mean(sorted_finite(gather_rows(loss_at_centre_, comm_))),
          loss_reference(),
          deck_.section<DataSettings>("data").noise};
}

void Job::solve(const MethodDeck& method) {
  const auto start = PhaseTimer::Clock::now();
  const MethodKind& kind = kind_of(method);
  const auto phases_before = timer_.seconds();
  Objective counted = objective();
  MethodResult result = kind.solve(*method.settings, task(method.name, counted));
  for (std::size_t row = 0; row < result.reason.size(); ++row)
    if (problems_.draw_status[row] != SolveStatus::converged)
      result.reason[row] = StopReason::no_observation;
  {
    const auto scope = timer_.scope(Phase::wait);
    MPI_OK(MPI_Barrier(comm_));
  }
  const auto phases = timer_.seconds();
  std::ranges::transform(phases, phases_before, result.phases.begin(), std::minus<>());
  result.seconds = std::chrono::duration<double>(PhaseTimer::Clock::now() - start).count();
  results_.push_back(std::move(result));
}

// Diagnostics only: solves that belong to no method.
std::vector<double> Job::loss_at(const Batch& m) {
  Objective uncounted = objective(false);
  Ledger ledger(m.n_problem());
  Evaluation evaluation(m.n_problem(), m.n_component());
  std::vector<std::int64_t> rows(static_cast<std::size_t>(m.n_problem()));
  std::iota(rows.begin(), rows.end(), 0);
  uncounted.evaluate_loss(rows, m, ledger, evaluation);
  return evaluation.loss;
}

std::string earlier_method(const MethodDeck& method) {
  KeyTable table;
  method.settings->describe(table);
  for (const Key& key : table.keys())
    if (key.name == "from") return *std::get<std::string*>(key.field);
  return "";
}

std::int64_t max_useful_ranks(const Deck& deck) {
  const std::int64_t n = deck.section<DataSettings>("data").n_problem;
  const std::int64_t micro_batch = deck.section<ParallelSettings>("parallel").micro_batch;
  return (n + micro_batch - 1) / micro_batch;
}

}  // namespace jpo
