#pragma once
#include <array>

namespace jpo {

/// The git revision as an ELF note. Notes do not belong to the hash of the code, so a commit that
/// changes no code does not change the hash. The size is fixed, so that no other address changes.
struct RevisionNote {
  unsigned int name_size;
  unsigned int text_size;
  unsigned int type;
  std::array<char, 4> name;
  std::array<char, 64> text;
};
extern const RevisionNote revision_note;

}  // namespace jpo
