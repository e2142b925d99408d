#include "driver/job.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <numeric>
#include <sstream>

#include <fmt/format.h>
#include <petscsys.h>

#include "core/checks.hpp"
#include "core/errors.hpp"
#include "models/registry.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kUnreadable = -1;

std::string read_file(const std::string& path) {
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

Shard make_shard(const Deck& deck, MPI_Comm comm) {
  int n_rank = 1;
  int rank = 0;
  MPI_OK(MPI_Comm_size(comm, &n_rank));
  MPI_OK(MPI_Comm_rank(comm, &rank));
  return {deck.section<DataSettings>("data").n_problem,
          deck.section<ParallelSettings>("parallel").micro_batch, n_rank, rank};
}

// A network that does not fit the model is refused here, before problems are drawn and solved.
std::unique_ptr<ForwardModel> make_fitting_model(const Deck& deck) {
  auto model = make_model(deck, Resolution::inversion);
  const ModelShape& shape = model->shape();
  check_fit(deck.section<NetworkSettings>("network"),
            {shape.observation, shape.context, shape.parameters});
  return model;
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
  auto model = entry.make_model(*deck.model, place);
  if (resolution == Resolution::data && !model->shape().has_finer)
    throw BadInput(fmt::format(
        "key 'data.inverse_crime' = false: model {} has no finer discretization to make data with; "
        "allowed: true",
        deck.model_name));
  return model;
}

Job::Job(Deck deck, MPI_Comm comm)
    : deck_(std::move(deck)),
      comm_(comm),
      shard_(make_shard(deck_, comm)),
      model_(make_fitting_model(deck_)),
      problems_(make_problems(deck_, shard_, *model_, timer_)) {
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
            const auto named = [&](const MethodDeck& method) { return method.name == earlier; };
            const auto found = std::ranges::find_if(deck_.methods, named);
            return results_.at(static_cast<std::size_t>(found - deck_.methods.begin()));
          }};
}

void Job::solve(const MethodDeck& method) {
  const auto start = PhaseTimer::Clock::now();
  const auto named = [&](const MethodKind& kind) { return kind.name == method.kind; };
  const MethodKind& kind = *std::ranges::find_if(method_kinds(), named);
  Objective counted = objective();
  MethodResult result = kind.solve(*method.settings, task(method.name, counted));
  for (std::size_t row = 0; row < result.reason.size(); ++row)
    if (problems_.draw_status[row] != SolveStatus::converged)
      result.reason[row] = StopReason::no_observation;
  {
    const auto scope = timer_.scope(Phase::wait);
    MPI_OK(MPI_Barrier(comm_));
  }
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
