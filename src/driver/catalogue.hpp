#pragma once
#include "core/settings.hpp"
#include "deck/deck.hpp"
#include "parallel/transport.hpp"

namespace jpo {

/// [parallel] of the deck.
struct ParallelSettings : Settings {
  std::int64_t micro_batch = 32;
  std::string reduction = "exact";
  std::int64_t solve_batch = 0;
  std::string device = "host";
  std::string transport = "mpi";
  void describe(KeyTable& table) override;
};

/// Returns the value of the key parallel.transport.
Transport::Kind transport_kind(const ParallelSettings& parallel);

/// Returns every section, model and method of this program that a deck can name.
Catalogue program_catalogue();

}  // namespace jpo
