#pragma once
#include <string>
#include <vector>

namespace jpo {

/// The deck of a command line.
struct DeckArguments {
  std::string path;
  /// "section.key=value", from --set.
  std::vector<std::string> overrides;
};

}  // namespace jpo
