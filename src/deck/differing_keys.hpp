#pragma once
#include <set>
#include <string>
#include <vector>

namespace jpo {

/// Returns the dotted keys whose values differ between a resolved deck and one stored in a file, as
/// "data.noise (0.01 in the deck, 0.001 in the file)". Keys in `ignored` are skipped, and all
/// methods but the first `n_method`. Empty if the decks describe the same run. Returns "the whole
/// deck" if a text is not TOML.
std::vector<std::string> differing_keys(const std::string& deck, const std::string& stored,
                                        const std::set<std::string>& ignored = {},
                                        std::size_t n_method = static_cast<std::size_t>(-1));

}  // namespace jpo
