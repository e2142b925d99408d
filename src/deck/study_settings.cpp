#include "deck/study_settings.hpp"

#include <set>

#include <fmt/format.h>

#include "core/errors.hpp"

namespace jpo {
namespace {

template <class T>
void refuse_twice(const std::vector<T>& values, const std::string& key) {
  std::set<T> seen;
  for (const T& value : values)
    if (!seen.insert(value).second)
      throw BadInput(
          fmt::format("key 'study.{}': {} stands there twice; allowed: each once", key, value));
}

}  // namespace

void StudySettings::describe(KeyTable& table) {
  table.add("seeds", &seeds,
            {.doc = "run.seed of each run of `jpo study`; empty: the deck's",
             .min = 0,
             .max = 9e15,
             .affects_result = false});
  table.add("sizes", &sizes,
            {.doc = "data.n_problem of each run; empty: the deck's",
             .min = 1,
             .max = 1e12,
             .affects_result = false});
  table.add("only", &only,
            {.doc = "names of the variants to run; empty: all", .affects_result = false});
  table.add("output", &output,
            {.doc = "directory of the files <variant>_n<size>_seed<seed>.h5; empty: "
                    "runs/<run.name>; other verbs ignore [study]",
             .affects_result = false});
}

void StudySettings::check() const {
  refuse_twice(seeds, "seeds");
  refuse_twice(sizes, "sizes");
  refuse_twice(only, "only");
}

}  // namespace jpo
