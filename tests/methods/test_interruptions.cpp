// Tests that each method that is stopped at a safe point, and resumed from its checkpoint by
// another job, gives bit-identical results.

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "io/checkpoint_file.hpp"
#include "tests/methods/make_job.hpp"

namespace jpo {
namespace {

// One safe point is enough with sanitizers, which are much slower.
#ifdef __SANITIZE_ADDRESS__
const std::vector<int> kSafePoints = {4};
constexpr const char* kHorizon = "model.horizon=5.0";
#else
const std::vector<int> kSafePoints = {1, 4, 9, 20};
constexpr const char* kHorizon = "model.horizon=20.0";
#endif

constexpr const char* kPath = "interruption_test/checkpoint_000001.h5";

RowRange rows_of(const Job& job) {
  return {job.shard().first_problem(), job.shard().n_local_problem(), job.shard().n_problem()};
}

// Stops at the n-th safe point of a rank.
class StopAt : public Interruptions {
 public:
  StopAt(const Job& job, int n) : job_(job), n_left_(n) {}
  Request request() override {
    --n_left_;
    return {n_left_ == 0, n_left_ == 0};
  }
  void serve(Request agreed, const State& state) override {
    if (!agreed.save) return;
    CheckpointWriter writer(kPath, rows_of(job_), job_.comm());
    state(writer);
    writer.commit();
    throw StoppedResumable("by the test");
  }

 private:
  const Job& job_;
  int n_left_;
};

class Resuming : public Interruptions {
 public:
  explicit Resuming(const Job& job) : job_(job) {}
  bool resume(const State& state) override {
    CheckpointReader reader(kPath, rows_of(job_), job_.comm());
    state(reader);
    reader.check_hash();
    return true;
  }

 private:
  const Job& job_;
};

constexpr const char* kProblems = R"(
[data]
n_problem = 6
noise = 0.1
[misfit]
residual_scale = 0.1
prior_weight = 1.0
[model]
name = "kuramoto_sivashinsky"
unknown = "initial_state"
[network]
name = "mlp"
hidden = [8]
[parallel]
micro_batch = 2
solve_batch = 2
[fault]
problems = [1]
kind = "not_finite"
first_evaluation = 9
)";

struct Interrupted {
  const char* name;
  const char* methods;  ///< the last method is stopped
};

const std::vector<Interrupted> kInterrupted = {{"tao", R"(
[[method]]
kind = "tao"
max_evaluations = 40
concurrent_solves = 2
)"},
                                               {"refine", R"(
[[method]]
kind = "joint"
updates = 4
snapshots = 2
[[method]]
kind = "refine"
from = "joint"
starts = 3
max_evaluations = 40
)"},
                                               {"windows", R"(
[[method]]
kind = "windows"
stages = 3
stage_evaluations = 8
last_evaluations = 12
concurrent_solves = 2
)"},
                                               {"levenberg_marquardt, dense", R"(
[[method]]
kind = "levenberg_marquardt"
damping = 1e-12
max_evaluations = 200
)"},
                                               {"levenberg_marquardt, cg", R"(
[[method]]
kind = "levenberg_marquardt"
linear_solver = "cg"
cg_iterations = 4
max_evaluations = 100
)"},
                                               {"bank", R"(
[[method]]
kind = "bank"
max_evaluations = 40
start_evaluations = 12
candidates = 3
updates = 12
)"},
                                               {"multi_start", R"(
[[method]]
kind = "multi_start"
max_evaluations = 40
start_evaluations = 12
concurrent_solves = 2
)"},
                                               {"joint", R"(
[[method]]
kind = "joint"
updates = 24
snapshots = 3
schedule = "plateau"
exploration = 0.3
)"},
                                               {"supervised", R"(
[[method]]
kind = "supervised"
updates = 24
draws = 4
)"}};

std::vector<double> all_of(const Job& job) {
  const MethodResult& result = job.results().back();
  std::vector<double> all = gather_rows(result.parameters.read().values(), job.comm());
  const auto add = [&](const auto& column) {
    const std::vector<double> doubles(column.begin(), column.end());
    const std::vector<double> gathered = gather_rows(doubles, job.comm());
    all.insert(all.end(), gathered.begin(), gathered.end());
  };
  add(result.ledger.forward);
  add(result.ledger.adjoint);
  add(result.ledger.tangent);
  add(result.failed_evaluations);
  for (const auto& entry : result.history.entries) all.push_back(entry.gradient_evaluations);
  std::vector<double> reason;
  for (const StopReason value : result.reason) reason.push_back(static_cast<double>(value));
  add(reason);
  for (const double loss : gather_rows(result.loss, job.comm()))
    all.push_back(std::isnan(loss) ? -1.0 : loss);
  return all;
}

// Returns a job in which all methods except the last are solved. Collective.
Job begun(const std::string& deck, MPI_Comm comm) {
  Job job(read_deck(deck, "test deck", {kHorizon}, program_catalogue()), comm);
  for (std::size_t k = 0; k + 1 < job.deck().methods.size(); ++k) job.solve(job.deck().methods[k]);
  return job;
}

// Returns true if the method was stopped at safe point n, false if it has fewer. Collective.
bool is_stopped_at(const std::string& deck, int n, MPI_Comm comm) {
  Job job = begun(deck, comm);
  StopAt stop(job, n);
  job.set_interruptions(stop);
  try {
    job.solve(job.deck().methods.back());
    return false;
  } catch (const StoppedResumable&) {
    return true;
  }
}

class Interruption : public testing::TestWithParam<std::size_t> {};

TEST_P(Interruption, ChangesNoBit) {
  start_network_library();
  const Interrupted& method = kInterrupted[GetParam()];
  const std::string deck = std::string(kProblems) + method.methods;
  Job whole = begun(deck, MPI_COMM_WORLD);
  whole.solve(whole.deck().methods.back());
  const std::vector<double> expected = all_of(whole);
  int n_stop = 0;
  for (const int n : kSafePoints) {
    if (!is_stopped_at(deck, n, MPI_COMM_WORLD)) break;
    ++n_stop;
    Job job = begun(deck, MPI_COMM_WORLD);
    Resuming resuming(job);
    job.set_interruptions(resuming);
    job.solve(job.deck().methods.back());
    EXPECT_EQ(expected, all_of(job)) << method.name << ", safe point " << n;
  }
  EXPECT_GE(n_stop, std::min(3, static_cast<int>(kSafePoints.size())))
      << method.name << " has too few safe points";
  MPI_Barrier(MPI_COMM_WORLD);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) std::filesystem::remove_all("interruption_test");
  MPI_Barrier(MPI_COMM_WORLD);
}

INSTANTIATE_TEST_SUITE_P(EveryMethod, Interruption,
                         testing::Range(std::size_t{0}, kInterrupted.size()));

}  // namespace
}  // namespace jpo
