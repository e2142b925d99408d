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

/// What the key transport says.
Transport::Kind transport_kind(const ParallelSettings& parallel);

/// Every section, model and method that this program has: what a deck may say.
Catalogue program_catalogue();

}  // namespace jpo
