#include "driver/catalogue.hpp"

#include "data/problem_set.hpp"
#include "deck/study_settings.hpp"
#include "driver/checkpoints.hpp"
#include "inverse/fault.hpp"
#include "inverse/misfit.hpp"
#include "methods/method.hpp"
#include "models/registry.hpp"
#include "network/network.hpp"

namespace jpo {
namespace {

template <class T>
Catalogue::Section section(const char* name, const char* summary) {
  return {name, summary, [] { return std::make_unique<T>(); }};
}

}  // namespace

void ParallelSettings::describe(KeyTable& table) {
  table.add(
      "micro_batch", &micro_batch,
      {.doc = "problems a micro-batch: the network's batch and the unit that ranks own; part of "
              "the result's identity",
       .min = 1,
       .max = 65536});
  table.add("reduction", &reduction,
            {.doc = "exact: the same bits at any number of ranks; fast: sums of doubles",
             .allowed = {"exact", "fast"}});
  table.add("solve_batch", &solve_batch,
            {.doc = "problems that a model solves at once. 0: 16 on the host, which fit the "
                    "cache, and all of a rank's, or as many as fit, on a device",
             .min = 0,
             .max = 1048576,
             .affects_result = false});
  table.add(
      "device", &device,
      {.doc = "where the model and the network work; cuda: on this rank's GPU, where the model "
              "can; wants micro-batches of some hundred problems",
       .allowed = {"host", "cuda"}});
  table.add(
      "transport", &transport,
      {.doc = "how a device's sums travel; mpi: by MPI from its memory, where MPI takes that; "
              "staged: by MPI through the host's memory; nccl: by NCCL, a device for each rank; "
              "with reduction = \"fast\" on a device it can change results",
       .allowed = {"mpi", "staged", "nccl"},
       // Only sums of doubles on a device depend on it: integer sums are exact, and the host has
       // one way.
       .affects_result = reduction == "fast" && device != "host"});
}

Transport::Kind transport_kind(const ParallelSettings& parallel) {
  if (parallel.transport == "nccl") return Transport::Kind::nccl;
  return parallel.transport == "mpi" ? Transport::Kind::mpi : Transport::Kind::staged;
}

Catalogue program_catalogue() {
  Catalogue catalogue;
  catalogue.sections = {
      section<RunSettings>("run", "the run: name, seed, where the result goes"),
      section<DataSettings>("data", "the problems"),
      section<MisfitSettings>("misfit", "the misfit L that every method minimizes"),
      section<NetworkSettings>("network", "the shared network of the joint methods"),
      section<ParallelSettings>("parallel", "how the set is cut"),
      section<CheckpointSettings>("checkpoint", "what a job that is stopped can go on from"),
      section<FaultSettings>("fault", "test switch: problems that fail on purpose"),
      section<StudySettings>("study", "the table of runs of `jpo study`")};
  for (const ModelEntry& entry : registered_models())
    catalogue.models.push_back({entry.name, entry.summary, entry.make_settings});
  for (const MethodEntry& entry : registered_methods())
    catalogue.methods.push_back({entry.kind, entry.summary, entry.make_settings});
  return catalogue;
}

}  // namespace jpo
