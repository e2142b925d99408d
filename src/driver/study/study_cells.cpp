#include "driver/study/study_cells.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "data/problem_set.hpp"
#include "deck/study_settings.hpp"
#include "driver/deck_checks.hpp"
#include "driver/job.hpp"

namespace jpo {
namespace {

struct Axes {
  std::vector<StudyVariant> variants;
  std::vector<std::int64_t> sizes;  ///< empty: that of each variant's deck
  std::vector<std::int64_t> seeds;
  std::string folder;
};

Axes axes_of(const Deck& deck) {
  const auto& study = deck.section<StudySettings>("study");
  const auto& run = deck.section<RunSettings>("run");
  Axes axes{study.parsed_variants(), study.sizes, study.seeds, study.output};
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

// The command line's overrides, then the variant's.
std::vector<std::string> overrides_of(const StudyVariant& variant,
                                      const std::vector<std::string>& given) {
  std::vector<std::string> overrides = given;
  overrides.insert(overrides.end(), variant.overrides.begin(), variant.overrides.end());
  return overrides;
}

// Those, then what makes the cell.
std::vector<std::string> overrides_of(const StudyCell& cell, const StudyVariant& variant,
                                      const std::vector<std::string>& given) {
  std::vector<std::string> overrides = overrides_of(variant, given);
  for (const char* axis :
       {"study.seeds=[]", "study.sizes=[]", "study.variants=[]", "study.output=\"\""})
    overrides.emplace_back(axis);
  overrides.push_back(fmt::format("data.n_problem={}", cell.n_problem));
  overrides.push_back(fmt::format("run.seed={}", cell.seed));
  overrides.push_back("run.output=" + quoted(cell.path));
  return overrides;
}

// The text of the deck and what becomes of it.
struct StudyText {
  const std::string& text;
  const DeckArguments& arguments;
  MPI_Comm comm;
};

Deck deck_of(const StudyText& study, const StudyVariant& variant,
             const std::vector<std::string>& overrides, bool checks) {
  const std::string& path = study.arguments.path;
  try {
    Deck deck =
        complete_deck(read_deck(study.text, path, overrides, program_catalogue()), study.comm);
    if (checks) check_deck(deck, study.comm);
    return deck;
  } catch (const BadInput& error) {
    throw BadInput(
        fmt::format("{}: variant \"{}\" of [study]: {}", path, variant.name, error.what()));
  }
}

std::vector<std::int64_t> sizes_of(const StudyText& study, const StudyVariant& variant,
                                   const Axes& axes) {
  if (!axes.sizes.empty()) return axes.sizes;
  const Deck deck =
      deck_of(study, variant, overrides_of(variant, study.arguments.overrides), false);
  return {deck.section<DataSettings>("data").n_problem};
}

std::string counted(std::size_t n, const char* what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

}  // namespace

std::vector<StudyCell> study_cells(const std::string& text, const DeckArguments& arguments,
                                   MPI_Comm comm) {
  const StudyText study{text, arguments, comm};
  const Axes axes =
      axes_of(read_deck(text, arguments.path, arguments.overrides, program_catalogue()));
  std::vector<StudyCell> cells;
  for (const StudyVariant& variant : axes.variants) {
    for (const std::int64_t n : sizes_of(study, variant, axes)) {
      bool is_first = true;  // seeds make no other model, network or size
      for (const std::int64_t seed : axes.seeds) {
        StudyCell cell{variant.name,
                       n,
                       seed,
                       fmt::format("{}/{}_n{}_seed{}.h5", axes.folder, variant.name, n, seed),
                       {}};
        cell.deck =
            deck_of(study, variant, overrides_of(cell, variant, arguments.overrides), is_first);
        is_first = false;
        cells.push_back(std::move(cell));
      }
    }
  }
  return cells;
}

std::string study_text(const Deck& deck) {
  const Axes axes = axes_of(deck);
  const std::size_t n_size = std::max<std::size_t>(axes.sizes.size(), 1);
  return fmt::format("{}: {} x {} x {}, in {}",
                     counted(axes.variants.size() * n_size * axes.seeds.size(), "cell"),
                     counted(axes.variants.size(), "variant"), counted(n_size, "size"),
                     counted(axes.seeds.size(), "seed"), axes.folder);
}

}  // namespace jpo
