#include "deck/study_settings.hpp"

#include <set>

#include <fmt/format.h>

#include "core/errors.hpp"

namespace jpo {
namespace {

template <class T>
void refuse_duplicates(const std::vector<T>& values, const std::string& key) {
  std::set<T> seen;
  for (const T& value : values)
    if (!seen.insert(value).second)
      throw BadInput(
          fmt::format("key 'study.{}': {} is listed twice; allowed: each value once", key, value));
}

}  // namespace

void StudySettings::describe(KeyTable& table) {
  table.add("seeds", &seeds,
            {.doc = "values of run.seed for the runs of `jpo study`; empty: run.seed of the deck",
             .min = 0,
             .max = 9e15,
             .affects_result = false});
  table.add("sizes", &sizes,
            {.doc = "values of data.n_problem for the runs; empty: data.n_problem of the deck",
             .min = 1,
             .max = 1e12,
             .affects_result = false});
  table.add("only", &only,
            {.doc = "names of the variants to run; empty: all variants", .affects_result = false});
  table.add("output", &output,
            {.doc = "directory of the result files <variant>_n<size>_seed<seed>.h5; empty: "
                    "runs/<run.name>; verbs other than study ignore [study]",
             .is_path = true,
             .affects_result = false});
}

void StudySettings::check() const {
  refuse_duplicates(seeds, "seeds");
  refuse_duplicates(sizes, "sizes");
  refuse_duplicates(only, "only");
}

}  // namespace jpo
