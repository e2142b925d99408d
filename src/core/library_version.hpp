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
  /// Version of its headers.
  std::string built_with;
  /// Version that the library reports; empty: it reports none.
  std::string found;
  /// File that the loader mapped; empty if unknown.
  std::string path = {};
};

}  // namespace jpo
