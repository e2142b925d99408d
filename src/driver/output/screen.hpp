#pragma once
// What a run shows on rank 0 beside the methods' progress.

#include "driver/job.hpp"

namespace jpo {

/// Program, revision, ranks, libraries, processor. Collective on comm.
void show_header(MPI_Comm comm);
/// Model, problems, network, memory of a deck: what `jpo check` prints too. Not collective.
void show_sizes(const Deck& deck, const ModelShape& shape, int n_rank, std::int64_t solve_batch);
/// What fits the device, where the model works on one: before anything is allocated there.
void show_device_room(const Deck& deck, ModelShape shape, int n_rank);
/// The problems that have no observation. Collective.
void show_problems(const Job& job);
/// Table of methods and table of phases. Collective.
void show_results(Job& job);
/// Share of problems for which a method has no answer, the worst of all methods. Collective.
double failed_fraction(const Job& job);

}  // namespace jpo
