#pragma once
// [study] of the deck: a table of runs, every variant at every size with every seed.

#include <cstdint>
#include <string>
#include <vector>

#include "core/settings.hpp"

namespace jpo {

/// One named change of the deck.
struct StudyVariant {
  std::string name;
  std::vector<std::string> overrides;  ///< "section.key=value", as --set takes them
};

/// Parses "NAME: section.key=value; method.NAME.key=value"; a semicolon inside quotes is part of a
/// value. Throws BadInput naming the key study.variants.
StudyVariant parse_variant(const std::string& text);

struct StudySettings : Settings {
  std::vector<std::int64_t> seeds;
  std::vector<std::int64_t> sizes;
  std::vector<std::string> variants;
  std::string output;
  void describe(KeyTable& table) override;
  void check() const override;
  /// True where the deck asks for more than its one run.
  bool is_asked_for() const { return !seeds.empty() || !sizes.empty() || !variants.empty(); }
  /// The variants in deck order; one without overrides, "default", where the deck names none.
  std::vector<StudyVariant> parsed_variants() const;
};

}  // namespace jpo
