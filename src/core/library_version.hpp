#pragma once
// Names and versions of the libraries that the program is built on.

#include <string>

namespace jpo {

struct LibraryVersion {
  std::string name;
  std::string version;
};

/// A library as the program was built with it and as it was found when the program started.
struct LibraryBuild {
  std::string name;
  std::string built_with;  ///< version of its headers
  std::string found;       ///< version that the library reports; empty: it reports none
  std::string path = {};   ///< file that the loader mapped; empty if unknown
};

}  // namespace jpo
