#pragma once
// Output of a run on rank 0, except for the progress lines of methods.

#include <string>
#include <vector>

#include "driver/job.hpp"
#include "driver/output/judgement.hpp"

namespace jpo {

/// Prints the versions of the program and of its libraries, the number of ranks and the processor.
/// Not collective.
void show_header(MPI_Comm comm);
/// Returns lines about the model, problems, network and memory of a deck. Not collective.
std::vector<std::string> sizes_text(const Deck& deck, const ModelShape& shape, int n_rank,
                                    std::int64_t solve_batch);
/// Returns lines about the memory of the device if the model runs on one, else none; warns if the
/// problems do not fit. Call it before anything is allocated there. Not collective.
std::vector<std::string> device_memory_text(const Deck& deck, ModelShape shape, int n_rank);
/// Prints the number of problems and how many of them have no observation. Collective.
void show_problems(const Job& job);
/// Prints the tables of methods, of costs, of stop reasons and of phases. `judgements`: of all
/// methods. Collective.
void show_results(Job& job, const std::vector<Judgement>& judgements);
/// Returns the share of problems without an answer, the largest of all methods. Collective.
double failed_fraction(const Job& job);

}  // namespace jpo
