// An own source: the compiler must not copy the revision from here into the code of its callers.
#include "core/session/revision_note.hpp"

#include "core/revision.hpp"

namespace jpo {

static_assert(sizeof(JPO_GIT_REVISION) <= sizeof(RevisionNote::text));

[[gnu::section(".note.jpo"), gnu::aligned(4)]] const RevisionNote revision_note = {
    4, sizeof(RevisionNote::text), 1, {"jpo"}, {JPO_GIT_REVISION}};

}  // namespace jpo
