#pragma once
#include <set>
#include <string>
#include <vector>

namespace jpo {

/// The dotted keys whose values differ between two resolved decks, as "data.noise (0.01, there
/// 0.001)", but for those in `ignored`; empty where the decks are the same job. Text that is not
/// TOML differs as a whole.
std::vector<std::string> differing_keys(const std::string& here, const std::string& there,
                                        const std::set<std::string>& ignored = {});

}  // namespace jpo
