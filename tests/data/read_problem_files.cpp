// Reads problem files as a run does, many in one process: a fuzzer would spend most of its time on
// starts of the program otherwise. Usage: read_problem_files LIST. Each line of LIST is the name of
// a model and the path of a file. For each line, rank 0 prints "good N" with the number of usable
// problems, or "refused MESSAGE". Any other error ends the program.

#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <unistd.h>

#include "core/errors.hpp"
#include "core/session/session.hpp"
#include "data/file_set.hpp"
#include "parallel/exact_sum.hpp"
#include "tests/models/make_model.hpp"

namespace {

// If reading a file takes longer, the alarm ends the program.
constexpr unsigned kMostSeconds = 60;
constexpr std::int64_t kMicroBatch = 2;

std::string read(const std::string& model_name, const std::string& path,
                 const jpo::Session& session) {
  const auto model = jpo::make_test_model(model_name, {});
  jpo::DataSettings settings;
  settings.source = "file";
  settings.file = path;
  try {
    settings.n_problem = jpo::inspect_problem_file(path, session.comm()).n_problem;
    const jpo::Shard shard(settings.n_problem, kMicroBatch, session.n_rank(), session.rank());
    const auto problems = jpo::read_problems(settings, shard, model->shape(), session.comm());
    return "good " + std::to_string(jpo::reduce_sum(std::ssize(problems.usable), session.comm()));
  } catch (const jpo::BadInput& error) {
    return std::string("refused ") + error.what();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const jpo::Session session(&argc, &argv);
  if (argc != 2) return 2;
  std::ifstream list(argv[1]);
  std::string model;
  for (std::string path; list >> model >> std::ws && std::getline(list, path);) {
    alarm(kMostSeconds);
    const std::string answer = read(model, path, session);
    if (session.rank() == 0) std::cout << answer << std::endl;
  }
  return 0;
}
