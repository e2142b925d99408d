#pragma once
// Names and versions of the libraries that the program uses.

#include <string>

namespace jpo {

struct LibraryVersion {
  std::string name;
  std::string version;
};

/// Version of a library when the program was built, and version that was loaded at its start.
struct LibraryBuild {
  std::string name;
  /// Version of its headers.
  std::string built_with;
  /// Version that the loaded library reports; empty if it reports none.
  std::string found;
  /// Path of the loaded file; empty if unknown.
  std::string path = {};
};

}  // namespace jpo
