#pragma once
// The identity of the program's build. Results of two builds are not mixed by accident.

#include <string>

#include <mpi.h>

namespace jpo {

struct Build {
  /// code_hash() of the program and of the models' shared libraries; empty if a file has none.
  std::string code_hash;
  std::string git_revision;
};

/// Returns the build of this program. Throws BadInput if its file cannot be read. Not collective.
Build this_build();

/// Returns "code hash 0123456789abcdef, git revision abc".
std::string build_text(const Build& build);

/// Returns "" if `stored` and this program compute the same, otherwise a text with both builds. Not
/// collective.
std::string other_build(const Build& stored);

/// Adds the builds of `more` to a list like "0123456789abcdef (abc); 123456789abcdef0 (abd)", each
/// build once.
void add_builds(std::string& list, const std::string& more);

/// Returns the list of this one build.
std::string build_list(const Build& build);

/// Throws BadInput on all ranks if the ranks run different builds of the program. Collective on
/// comm.
void check_builds(MPI_Comm comm);

}  // namespace jpo
