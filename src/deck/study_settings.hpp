#pragma once
// [study] of the deck: a table of runs, every variant at every size with every seed. The variants
// themselves are Deck::variants.

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
