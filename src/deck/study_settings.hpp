#pragma once
// Section [study] of the deck: a set of runs, one for each combination of variant, size and seed.
// The variants are in Deck::variants.

#include <cstdint>
#include <string>
#include <vector>

#include "core/settings.hpp"

namespace jpo {

struct StudySettings : Settings {
  std::vector<std::int64_t> seeds;
  std::vector<std::int64_t> sizes;
  std::vector<std::string> only;
  std::string output;
  void describe(KeyTable& table) override;
  void check() const override;
};

}  // namespace jpo
