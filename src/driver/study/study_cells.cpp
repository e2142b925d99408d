#include "driver/study/study_cells.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "data/problem_set.hpp"
#include "deck/resolved.hpp"
#include "deck/study_settings.hpp"
#include "driver/deck_checks.hpp"
#include "driver/job.hpp"

namespace jpo {
namespace {

struct Axes {
  std::vector<std::string> variants;
  /// Values of data.n_problem; empty: the value of each variant's deck.
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> seeds;
  std::string folder;
};

std::vector<std::string> variants_of(const Deck& deck) {
  if (deck.variants.empty()) return {"default"};
  const auto& only = deck.section<StudySettings>("study").only;
  std::vector<std::string> names;
  for (const StudyVariant& variant : deck.variants)
    if (only.empty() || std::ranges::find(only, variant.name) != only.end())
      names.push_back(variant.name);
  return names;
}

Axes axes_of(const Deck& deck) {
  const auto& study = deck.section<StudySettings>("study");
  const auto& run = deck.section<RunSettings>("run");
  Axes axes{variants_of(deck), study.sizes, study.seeds, study.output};
  if (axes.seeds.empty()) axes.seeds = {run.seed};
  if (axes.folder.empty()) axes.folder = "runs/" + run.name;
  return axes;
}

// The input from which the decks of a study are read.
struct StudyInput {
  const DeckFiles& files;
  const std::vector<std::string>& overrides;
  MPI_Comm comm;
};

Deck deck_of(const StudyInput& study, const std::string& variant,
             const std::vector<std::string>& last_overrides, bool checks) {
  try {
    Deck deck = complete_deck(
        read_deck(
            study.files,
            {.overrides = study.overrides, .variant = variant, .last_overrides = last_overrides},
            program_catalogue()),
        study.comm);
    if (checks) check_deck(deck, study.comm);
    return deck;
  } catch (const BadInput& error) {
    throw BadInput(fmt::format("{}: variant \"{}\" of [study]: {}", study.files.front().path,
                               variant, error.what()));
  }
}

// Returns the keys of a cell, which override those of the variant.
std::vector<std::string> last_overrides(const StudyCell& cell) {
  std::string path = cell.path;
  return {fmt::format("data.n_problem={}", cell.n_problem), fmt::format("run.seed={}", cell.seed),
          "run.output=" + toml_value(&path)};
}

std::vector<std::int64_t> sizes_of(const StudyInput& study, const std::string& variant,
                                   const Axes& axes) {
  if (!axes.sizes.empty()) return axes.sizes;
  return {deck_of(study, variant, {}, false).section<DataSettings>("data").n_problem};
}

std::string counted(std::size_t n, const char* noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

}  // namespace

bool has_study(const Deck& deck) {
  const auto& study = deck.section<StudySettings>("study");
  return !study.seeds.empty() || !study.sizes.empty() || !deck.variants.empty();
}

std::vector<StudyCell> study_cells(const DeckFiles& files,
                                   const std::vector<std::string>& overrides, MPI_Comm comm) {
  const StudyInput study{files, overrides, comm};
  const Axes axes = axes_of(read_deck(files, {.overrides = overrides}, program_catalogue()));
  std::vector<StudyCell> cells;
  for (const std::string& variant : axes.variants) {
    for (const std::int64_t n : sizes_of(study, variant, axes)) {
      // One check per size is enough: the seed changes neither model, network nor sizes.
      bool is_first = true;
      for (const std::int64_t seed : axes.seeds) {
        StudyCell cell{variant,
                       n,
                       seed,
                       fmt::format("{}/{}_n{}_seed{}.h5", axes.folder, variant, n, seed),
                       {}};
        cell.deck = deck_of(study, variant, last_overrides(cell), is_first);
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
