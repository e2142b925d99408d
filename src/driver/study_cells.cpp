#include "driver/study_cells.hpp"

#include <fmt/format.h>

#include "data/problem_set.hpp"
#include "deck/study_settings.hpp"
#include "driver/deck_checks.hpp"
#include "driver/job.hpp"

namespace jpo {
namespace {

struct Axes {
  std::vector<StudyVariant> variants;
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> seeds;
  std::string folder;
};

Axes axes_of(const Deck& deck) {
  const auto& study = deck.section<StudySettings>("study");
  const auto& run = deck.section<RunSettings>("run");
  Axes axes{study.parsed_variants(), study.sizes, study.seeds, study.output};
  if (axes.sizes.empty()) axes.sizes = {deck.section<DataSettings>("data").n_problem};
  if (axes.seeds.empty()) axes.seeds = {run.seed};
  if (axes.folder.empty()) axes.folder = "runs/" + run.name;
  return axes;
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') result += '\\';
    result += letter;
  }
  return result + "\"";
}

// The command line's overrides, then the variant's, then what makes the cell.
std::vector<std::string> overrides_of(const StudyCell& cell, const StudyVariant& variant,
                                      const std::vector<std::string>& given) {
  std::vector<std::string> overrides = given;
  overrides.insert(overrides.end(), variant.overrides.begin(), variant.overrides.end());
  for (const char* axis :
       {"study.seeds=[]", "study.sizes=[]", "study.variants=[]", "study.output=\"\""})
    overrides.emplace_back(axis);
  overrides.push_back(fmt::format("data.n_problem={}", cell.n_problem));
  overrides.push_back(fmt::format("run.seed={}", cell.seed));
  overrides.push_back("run.output=" + quoted(cell.path));
  return overrides;
}

Deck deck_of(const StudyCell& cell, const StudyVariant& variant, const std::string& text,
             const DeckArguments& arguments, bool checks, MPI_Comm comm) {
  try {
    Deck deck = read_deck(text, arguments.path, overrides_of(cell, variant, arguments.overrides),
                          program_catalogue());
    if (checks) check_deck(deck, comm);
    return deck;
  } catch (const BadInput& error) {
    throw BadInput(fmt::format("{}: variant \"{}\" of [study]: {}", arguments.path, variant.name,
                               error.what()));
  }
}

std::string counted(std::size_t n, const char* what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

}  // namespace

std::vector<StudyCell> study_cells(const std::string& text, const DeckArguments& arguments,
                                   MPI_Comm comm) {
  const Axes axes =
      axes_of(read_deck(text, arguments.path, arguments.overrides, program_catalogue()));
  std::vector<StudyCell> cells;
  for (const StudyVariant& variant : axes.variants) {
    for (const std::int64_t n : axes.sizes) {
      bool is_first = true;  // seeds make no other model, network or size
      for (const std::int64_t seed : axes.seeds) {
        StudyCell cell{variant.name,
                       n,
                       seed,
                       fmt::format("{}/{}_n{}_seed{}.h5", axes.folder, variant.name, n, seed),
                       {}};
        cell.deck = deck_of(cell, variant, text, arguments, is_first, comm);
        is_first = false;
        cells.push_back(std::move(cell));
      }
    }
  }
  return cells;
}

std::string study_text(const Deck& deck) {
  const Axes axes = axes_of(deck);
  return fmt::format("{}: {} x {} x {}, in {}",
                     counted(axes.variants.size() * axes.sizes.size() * axes.seeds.size(), "cell"),
                     counted(axes.variants.size(), "variant"), counted(axes.sizes.size(), "size"),
                     counted(axes.seeds.size(), "seed"), axes.folder);
}

}  // namespace jpo
