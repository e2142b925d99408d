#include "driver/deck_checks.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/errors.hpp"
#include "core/session/petsc_options.hpp"
#include "data/file_set.hpp"
#include "driver/job.hpp"
#include "inverse/fault.hpp"
#include "io/result_file.hpp"
#include "parallel/nccl_ranks.hpp"
#include "solving/per_problem/tao_solve.hpp"
#include "training/network_calls.hpp"

namespace jpo {
namespace {

void check_faults(const Deck& deck) {
  const std::int64_t n = deck.section<DataSettings>("data").n_problem;
  for (const std::int64_t id : deck.section<FaultSettings>("fault").problems)
    if (id >= n)
      throw BadInput(
          fmt::format("key 'fault.problems': there is no problem {}; allowed: 0 to {}", id, n - 1));
}

// Refuses two methods with the same prefix of PETSc options.
void check_prefixes(const Deck& deck) {
  std::map<std::string, std::string> owner;
  for (const MethodDeck& method : deck.methods) {
    const auto [found, is_new] = owner.emplace(petsc_option_prefix(method.name), method.name);
    if (!is_new)
      throw BadInput(
          fmt::format("methods '{}' and '{}' share the PETSc options '{}...'; allowed: "
                      "names that remain different in lower case with + and - replaced by _",
                      found->second, method.name, found->first));
  }
}

void check_sizes(const Deck& deck, const ModelShape& shape, int n_rank) {
  constexpr std::int64_t most_micro_batches = 524288;
  const std::int64_t n_micro_batch = max_useful_ranks(deck);
  if (n_micro_batch > most_micro_batches)
    throw BadInput(
        fmt::format("key 'data.n_problem': {} micro-batches exceed the limit of the exact sum "
                    "({}); allowed: a larger parallel.micro_batch",
                    n_micro_batch, most_micro_batches));
  const std::int64_t local = (n_micro_batch + n_rank - 1) / n_rank *
                             deck.section<ParallelSettings>("parallel").micro_batch;
  const std::int64_t widest =
      std::max({shape.observation.size(), shape.context.size(), shape.parameters.size()});
  if (local > std::numeric_limits<PetscInt>::max() / widest)
    throw BadInput(fmt::format(
        "key 'data.n_problem': {} problems of {} values on one rank exceed the range of PETSc's "
        "indices; allowed: more ranks, or fewer problems",
        local, widest));
  for (const MethodDeck& method : deck.methods) {
    const std::int64_t pairs = method_entry(method.kind).traits(*method.settings).n_kept_pair;
    if (pairs > 0 && local > std::numeric_limits<PetscInt>::max() / widest / pairs)
      throw BadInput(fmt::format(
          "method '{}' keeps {} pairs of {} values for each of {} problems on one rank, which "
          "exceeds the range of PETSc's indices; allowed: more ranks, or fewer simulations or "
          "draws",
          method.name, pairs, widest, local));
  }
}

void check_transport(const Deck& deck, const ModelShape& shape, MPI_Comm comm) {
  if (transport_kind(deck.section<ParallelSettings>("parallel")) != Transport::Kind::nccl) return;
  const auto refuse = [](const std::string& reason) {
    throw BadInput(
        fmt::format("key 'parallel.transport' = \"nccl\": {}; allowed: mpi, staged", reason));
  };
  if (!built_with_nccl()) refuse("this build of jpo has no NCCL");
  if (shape.space != MemorySpace::device)
    refuse("this run computes on the host (parallel.device, or a model without kernels)");
  const std::string shared = shared_device(device_pci_bus_id(), comm);
  if (!shared.empty()) refuse("NCCL needs one device per rank, but " + shared);
}

// Returns true if the true parameters of the problems are known.
bool check_problems(const Deck& deck, const ModelShape& shape, MPI_Comm comm) {
  const auto& data = deck.section<DataSettings>("data");
  if (!data.from_file()) {
    if (!data.inverse_crime) make_model(deck, Resolution::data);
    return true;
  }
  const ProblemFileSizes sizes = check_problem_file(data, shape, comm);
  const std::string output = deck.section<RunSettings>("run").output_path();
  if (is_same_file(data.file, output, comm))
    throw BadInput(
        fmt::format("key 'run.output' = \"{}\": the problems are read from that file; allowed: "
                    "another path",
                    output));
  return sizes.n_parameter > 0;
}

void check_methods(const Deck& deck, const RunInputs& inputs) {
  const ModelShape& shape = inputs.shape;
  for (const MethodDeck& method : deck.methods) {
    const MethodEntry& entry = method_entry(method.kind);
    const std::string refusal = entry.refusal(method.name, *method.settings, shape);
    if (!refusal.empty())
      throw BadInput(fmt::format("method '{}' ({}) cannot run on model {}: {}", method.name,
                                 method.kind, deck.model_name, refusal));
    entry.check_inputs(method.name, *method.settings, inputs);
  }
}

}  // namespace

bool uses_network(const Deck& deck) {
  return std::ranges::any_of(deck.methods, [](const MethodDeck& method) {
    return method_entry(method.kind).traits(*method.settings).trains_network;
  });
}

std::int64_t count_weights(const Deck& deck, const ModelShape& shape) {
  if (!uses_network(deck)) return 0;
  return count_weights(deck.section<NetworkSettings>("network"), network_shape(shape, 1));
}

bool check_problems_and_sizes(const Deck& deck, const ModelShape& shape, MPI_Comm comm) {
  const bool has_truth = check_problems(deck, shape, comm);
  check_sizes(deck, shape, mpi::size(comm));
  check_transport(deck, shape, comm);
  count_weights(deck, shape);
  return has_truth;
}

void check_deck(const Deck& deck, MPI_Comm comm) {
  const auto model = make_model(deck, Resolution::inversion);
  const bool has_truth = check_problems_and_sizes(deck, model->shape(), comm);
  check_faults(deck);
  check_prefixes(deck);
  const PetscOptionsScope options(deck.petsc);
  check_methods(deck,
                {model->shape(), deck.section<RunSettings>("run").output_path(), comm, has_truth});
}

}  // namespace jpo
