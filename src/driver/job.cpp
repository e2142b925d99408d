#include "driver/job.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <petscsys.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/errors.hpp"
#include "core/log.hpp"
#include "core/session/environment.hpp"
#include "core/session/petsc_options.hpp"
#include "core/statistics.hpp"
#include "data/file_set.hpp"
#include "deck/key_attributes.hpp"
#include "deck/layers/deck_files.hpp"
#include "deck/resolved.hpp"
#include "driver/footprint.hpp"
#include "driver/reference.hpp"
#include "models/registry.hpp"
#include "parallel/broadcast.hpp"
#include "solving/loop.hpp"

namespace jpo {
namespace {

ProblemSet make_problems(const Deck& deck, const Shard& shard, ForwardModel& model,
                         std::int64_t solve_batch, PhaseTimer& timer, MPI_Comm comm) {
  const auto scope = timer.scope(Phase::data);
  const auto& data = deck.section<DataSettings>("data");
  if (data.from_file()) return read_problems(data, shard, model.shape(), comm);
  const auto seed = static_cast<std::uint64_t>(deck.section<RunSettings>("run").seed);
  if (data.inverse_crime) return generate_problems(data, seed, shard, solve_batch, model);
  const auto finer = make_model(deck, Resolution::data);
  return generate_problems(data, seed, shard,
                           problems_at_once(deck, finer->shape(), mpi::size(comm)), *finer);
}

bool is_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

}  // namespace

DeckFiles load_deck_files(const std::string& path, MPI_Comm comm) {
  const int rank = mpi::rank(comm);
  // Path and text of each file.
  std::vector<std::string> texts;
  std::string refusal;
  std::string variables = whole_environment();
  broadcast(variables, comm);
  set_path_environment(variables);
  if (rank == 0) {
    try {
      for (DeckFile& file : read_deck_files(path)) {
        texts.push_back(std::move(file.path));
        texts.push_back(std::move(file.text));
      }
    } catch (const BadInput& error) {
      refusal = error.what();
    }
  }
  broadcast(refusal, comm);
  if (!refusal.empty()) throw BadInput(refusal);
  broadcast(texts, comm);
  DeckFiles files;
  for (std::size_t k = 0; k < texts.size(); k += 2) files.push_back({texts[k], texts[k + 1]});
  return files;
}

namespace {

// Adds the options of PETSC_OPTIONS if the deck accepts them; those of the deck take precedence.
void add_petsc_environment(Deck& deck, MPI_Comm comm) {
  if (!deck.section<RunSettings>("run").petsc_environment) {
    static bool is_said = false;
    if (!removed_petsc_variables().empty() && !std::exchange(is_said, true))
      warn(
          "{} is ignored: set PETSc options in the [petsc] table of the deck, or set "
          "run.petsc_environment = true",
          removed_petsc_variables().front());
    return;
  }
  PetscOptions added = petsc_environment(comm);
  std::erase_if(added, [&](const auto& option) {
    return std::ranges::find(deck.petsc, option.first, &PetscOptions::value_type::first) !=
           deck.petsc.end();
  });
  deck.petsc.insert(deck.petsc.end(), added.begin(), added.end());
  if (!added.empty()) deck.resolved = resolved_text(deck, program_catalogue());
}

}  // namespace

Deck complete_deck(Deck deck, MPI_Comm comm) {
  add_petsc_environment(deck, comm);
  auto& data = dynamic_cast<DataSettings&>(*deck.sections.at("data"));
  if (!data.from_file() || deck.given.contains("data.n_problem")) return deck;
  data.n_problem = inspect_problem_file(data.file, comm).n_problem;
  deck.resolved = resolved_text(deck, program_catalogue());
  return deck;
}

Deck load_deck(const std::string& path, const std::vector<std::string>& overrides, MPI_Comm comm) {
  return complete_deck(
      read_deck(load_deck_files(path, comm), {.overrides = overrides}, program_catalogue()), comm);
}

MemorySpace memory_space(const Deck& deck) {
  if (deck.section<ParallelSettings>("parallel").device == "host") return MemorySpace::host;
  if (!has_cuda_device())
    throw BadInput(fmt::format("key 'parallel.device' = \"cuda\": {}; allowed: host",
                               built_with_cuda() ? "a rank has no CUDA device"
                                                 : "this build of jpo has no CUDA; build it with "
                                                   "the preset cuda"));
  use_cuda_device();
  return MemorySpace::device;
}

std::unique_ptr<ForwardModel> make_model(const Deck& deck, Resolution resolution) {
  const ModelEntry& entry = *find_model(deck.model_name);
  BuildOptions options;
  options.resolution = resolution;
  options.space = memory_space(deck);
  auto model = [&] {
    try {
      return entry.make_model(*deck.model, options);
    } catch (const std::invalid_argument& error) {
      throw BadInput(
          fmt::format("section [model]: {} cannot be built: {}", deck.model_name, error.what()));
    }
  }();
  if (resolution == Resolution::data && !model->shape().has_finer)
    throw BadInput(fmt::format(
        "key 'data.inverse_crime' = false: model {} has no finer discretization for the data; "
        "allowed: true",
        deck.model_name));
  return model;
}

Shard make_shard(const Deck& deck, MPI_Comm comm) {
  const int rank = mpi::rank(comm);
  return {deck.section<DataSettings>("data").n_problem,
          deck.section<ParallelSettings>("parallel").micro_batch, mpi::size(comm), rank};
}

Job::Job(Deck deck, MPI_Comm comm)
    : deck_(std::move(deck)),
      comm_(comm),
      shard_(make_shard(deck_, comm)),
      model_(make_model(deck_, Resolution::inversion)),
      transport_(transport_kind(deck_.section<ParallelSettings>("parallel")), comm),
      solve_batch_(problems_at_once(deck_, shape(), mpi::size(comm))),
      problems_(make_problems(deck_, shard_, *model_, solve_batch_, timer_, comm)) {
  floor_ = loss_at(problems_.truth);
  loss_at_centre_ = loss_at(problems_.start);
  reference_.assign(floor_.size(), std::numeric_limits<double>::quiet_NaN());
  const auto truth = problems_.truth.read();
  for (std::size_t row = 0; row < floor_.size(); ++row)
    if (!is_finite(truth.row(row))) floor_[row] = problems_.floor[row];
}

Objective Job::objective(bool with_faults) {
  return {*model_,
          {problems_.context, problems_.observation, problems_.first_id},
          deck_.section<MisfitSettings>("misfit"),
          with_faults ? deck_.section<FaultSettings>("fault") : FaultSettings{},
          solve_batch_,
          timer_};
}

void Job::find_reference() {
  if (has_reference_) return;
  const ReferenceKind kind = reference_kind(deck_, shape());
  if (kind == ReferenceKind::truth) reference_ = floor_;
  if (kind == ReferenceKind::solve) reference_ = solve_from_truth(*this, *interruptions_);
  has_reference_ = true;
}

void Job::archive_reference(StateArchive& archive) {
  archive.shared("has_reference", has_reference_);
  if (has_reference_) archive.by_problem("reference", reference_);
}

std::vector<double> Job::solved_limit() const {
  constexpr double relative = 1e-3;
  std::vector<double> limit(floor_.size(), std::numeric_limits<double>::quiet_NaN());
  const double smallest = relative * loss_reference();
  for (std::size_t k = 0; k < reference_.size(); ++k)
    if (std::isfinite(reference_[k]))
      limit[k] = reference_[k] + relative * std::max(reference_[k], smallest);
  return limit;
}

std::optional<std::size_t> Job::earlier_method(std::size_t k) const {
  const std::string start = start_method(deck_.methods[k]);
  return start.empty() ? std::nullopt : std::optional(method_index(start));
}

std::vector<double> Job::evaluations(std::size_t k) const {
  std::vector<double> total = results_[k].ledger.gradient_evaluations();
  const std::optional<std::size_t> earlier = earlier_method(k);
  if (!earlier) return total;
  std::ranges::transform(total, evaluations(*earlier), total.begin(), std::plus<>());
  return total;
}

double Job::seconds(std::size_t k) const {
  const std::optional<std::size_t> earlier = earlier_method(k);
  return results_[k].seconds + (earlier ? seconds(*earlier) : 0.0);
}

std::size_t Job::method_index(const std::string& name) const {
  const auto found = std::ranges::find(deck_.methods, name, &MethodDeck::name);
  return static_cast<std::size_t>(found - deck_.methods.begin());
}

double Job::loss_reference() const {
  return finite_median(gather_rows(loss_at_centre_, comm_));
}

// The misfit at the truth is half of a chi^2 variable with n_observation degrees of freedom, in
// units of the noise, if data and inversion share one discretization. A prior of weight 1 keeps the
// mean: its term at the minimum equals, in the mean, the decrease by fitting noise (for a linear
// model; Bennett, Inverse Modeling of the Ocean and Atmosphere, 2002, section 2.3).
AttainableMisfit Job::attainable_misfit() const {
  const auto& data = deck_.section<DataSettings>("data");
  const auto& misfit = deck_.section<MisfitSettings>("misfit");
  const auto n = static_cast<double>(shape().observation.size());
  const double noise = std::pow(data.noise / misfit.residual_scale, 2);
  const bool is_known =
      data.inverse_crime && (misfit.prior_weight == 0.0 || misfit.prior_weight == 1.0);
  return {is_known, 0.5 * n * noise, std::sqrt(0.5 * n) * noise, 1e-6 * loss_reference()};
}

Task Job::task(const std::string& name, Objective& objective, MethodResult& result) {
  const auto& parallel = deck_.section<ParallelSettings>("parallel");
  return {.name = name,
          .seed = static_cast<std::uint64_t>(deck_.section<RunSettings>("run").seed),
          .comm = comm_,
          .shard = shard_,
          .sums = {.reduction = parallel.reduction == "exact" ? Reduction::exact : Reduction::fast,
                   .transport = transport_},
          .objective = objective,
          .usable = problems_.usable,
          .result = result,
          .levels = {.attainable = attainable_misfit(),
                     .mean_at_centre = mean(sorted_finite(gather_rows(loss_at_centre_, comm_))),
                     .reference = loss_reference()},
          .earlier = {.result = [this](const std::string& earlier) -> const MethodResult& {
                        return results_.at(method_index(earlier));
                      },
                      .evaluations =
                          [this](const std::string& earlier) {
                            return mean(gather_rows(evaluations(method_index(earlier)), comm_));
                          }},
          .network = deck_.section<NetworkSettings>("network"),
          .timer = timer_,
          .truth = problems_.truth,
          .start = problems_.has_start ? &problems_.start : nullptr,
          .noise = deck_.section<DataSettings>("data").noise};
}

MethodResult Job::empty_result(const MethodTraits& traits) const {
  MethodResult result(problems_.observation.n_problem(), shape().parameters,
                      traits.keeps_answers_with_model ? shape().space : MemorySpace::host);
  const auto start = problems_.start.read();
  std::ranges::copy(start.values(), result.parameters.write().values().begin());
  return result;
}

void Job::solve(const MethodDeck& method_deck) {
  run(method_deck, jpo::solve);
}

void Job::restore(const MethodDeck& method_deck) {
  run(method_deck, jpo::restore);
}

void Job::run(const MethodDeck& method_deck, Loop& loop) {
  const auto start = PhaseTimer::Clock::now();
  const MethodEntry& entry = method_entry(method_deck.kind);
  own_progress().method = static_cast<std::int32_t>(results_.size());
  own_progress().step = 0;
  const auto phases_before = timer_.seconds();
  Objective counted = objective();
  MethodResult result = empty_result(entry.traits(*method_deck.settings));
  result.set_solved_limit(solved_limit());
  {
    const Task input = task(method_deck.name, counted, result);
    const std::unique_ptr<Method> method = entry.make_method(*method_deck.settings, input);
    result.seconds = seconds_since(start);
    loop(*method, input, *interruptions_);
  }
  const auto end_of_solve = PhaseTimer::Clock::now();
  for (std::int64_t row = 0; row < std::ssize(result.reason); ++row)
    if (!std::ranges::binary_search(problems_.usable, row))
      result.reason[row] = StopReason::no_observation;
  {
    const auto scope = timer_.scope(Phase::wait);
    MPI_OK(MPI_Barrier(comm_));
  }
  const auto phases = timer_.seconds();
  std::ranges::transform(phases, phases_before, result.phases.begin(), std::minus<>());
  result.seconds += seconds_since(end_of_solve);
  results_.push_back(std::move(result));
}

// Returns the misfits at m, for diagnostics; the solves belong to no method. The misfit is NaN if
// the problem is not usable or m is not finite; the model gets finite numbers only.
std::vector<double> Job::loss_at(const Batch& m) {
  std::vector<std::int64_t> rows;
  Batch requested(m.n_problem(), m.n_component());
  {
    const auto from = m.read();
    const auto to = requested.write();
    for (const std::int64_t row : problems_.usable) {
      if (!is_finite(from.row(row))) continue;
      std::ranges::copy(from.row(row), to.row(std::ssize(rows)).begin());
      rows.push_back(row);
    }
  }
  requested.set_n_problem(std::ssize(rows));
  Objective uncounted = objective(false);
  Ledger ledger(m.n_problem());
  Evaluation evaluation(m.n_problem(), m.n_component());
  uncounted.evaluate_loss(rows, requested, ledger, evaluation);
  std::vector<double> loss(static_cast<std::size_t>(m.n_problem()),
                           std::numeric_limits<double>::quiet_NaN());
  for (std::size_t k = 0; k < rows.size(); ++k) loss[rows[k]] = evaluation.loss[k];
  return loss;
}

std::int64_t max_useful_ranks(const Deck& deck) {
  const std::int64_t n = deck.section<DataSettings>("data").n_problem;
  const std::int64_t micro_batch = deck.section<ParallelSettings>("parallel").micro_batch;
  return (n + micro_batch - 1) / micro_batch;
}

}  // namespace jpo
