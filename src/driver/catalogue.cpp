#include "driver/catalogue.hpp"

#include "data/problem_set.hpp"
#include "deck/study_settings.hpp"
#include "driver/checkpoints/checkpoints.hpp"
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
      {.doc = "problems in a micro-batch, which is the batch of the network and the unit that is "
              "distributed over ranks; the result depends on it",
       .min = 1,
       .max = 65536});
  table.add(
      "reduction", &reduction,
      {.doc = "exact: sums of integers, with the same bits at any number of ranks; fast: sums "
              "of doubles",
       .allowed = {"exact", "fast"}});
  table.add("solve_batch", &solve_batch,
            {.doc = "problems that a model solves at once; 0: on the host 16, which fit into the "
                    "cache; on a device all problems of the rank, or as many as fit",
             .min = 0,
             .max = 1048576,
             .affects_result = false});
  table.add(
      "device", &device,
      {.doc = "device on which the model and the network run; cuda: on the GPU of each rank if the "
              "model has kernels for it; use micro-batches of some hundred problems there",
       .allowed = {"host", "cuda"}});
  table.add(
      "transport", &transport,
      {.doc = "all-reduce of sums on a device; mpi: MPI reads device memory if it can, else as "
              "staged; staged: MPI with copies in host memory; nccl: NCCL, needs one device per "
              "rank; changes results only if reduction = \"fast\" on a device",
       .allowed = {"mpi", "staged", "nccl"},
       // Only sums of doubles on a device depend on it. Sums of integers are exact, and the host
       // has one transport.
       .affects_result = reduction == "fast" && device != "host"});
}

Transport::Kind transport_kind(const ParallelSettings& parallel) {
  if (parallel.transport == "nccl") return Transport::Kind::nccl;
  return parallel.transport == "mpi" ? Transport::Kind::mpi : Transport::Kind::staged;
}

Catalogue program_catalogue() {
  Catalogue catalogue;
  catalogue.sections = {
      section<RunSettings>("run", "the run: name, seed, path of the result file"),
      section<DataSettings>("data", "the problems"),
      section<MisfitSettings>(
          "misfit",
          "the misfit, which every method minimizes: L = 0.5 sum ((F(m; c) - y) / "
          "residual_scale)^2 + prior_weight 0.5 sum ((m - centre) / scale)^2"),
      section<NetworkSettings>("network", "the shared network of the joint methods"),
      section<ParallelSettings>("parallel", "distribution over ranks, sums over ranks, device"),
      section<CheckpointSettings>("checkpoint", "checkpoints, from which a stopped run resumes"),
      section<FaultSettings>("fault", "for tests: injected failures"),
      section<StudySettings>("study", "the runs of `jpo study`")};
  for (const ModelEntry& entry : registered_models())
    catalogue.models.push_back({entry.name, entry.summary, entry.make_settings});
  for (const MethodEntry& entry : registered_methods())
    catalogue.methods.push_back({entry.kind, entry.summary, entry.make_settings});
  return catalogue;
}

}  // namespace jpo
