#pragma once
#include <string>
#include <vector>

#include "core/hash.hpp"
#include "driver/catalogue.hpp"
#include "driver/job.hpp"

namespace jpo {

/// Builds a job from a deck text and overrides, runs all its methods, and returns it. Collective on
/// comm.
inline Job solved_job(const std::string& deck, const std::vector<std::string>& overrides,
                      MPI_Comm comm) {
  start_network_library();
  Job job(read_deck(deck, "test deck", overrides, program_catalogue()), comm);
  for (const MethodDeck& method : job.deck().methods) job.solve(method);
  return job;
}

/// Losses and answers of one method for the problems of all ranks, by global id.
struct Answers {
  std::vector<double> loss;
  std::vector<double> parameters;
  std::uint64_t hash = 0;
};
/// Returns the answers of method k; `hash` includes the weights of its network. Collective.
inline Answers answers_of(const Job& job, std::size_t k) {
  const MethodResult& result = job.results()[k];
  Answers all{gather_rows(result.loss, job.comm()),
              gather_rows(result.parameters.read().values(), job.comm()), 0};
  all.hash = hash_values(std::span<const double>(all.parameters),
                         hash_values(std::span<const double>(all.loss)));
  if (result.network) all.hash ^= result.network->hash;
  return all;
}

}  // namespace jpo
