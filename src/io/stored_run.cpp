#include "io/stored_run.hpp"

#include <filesystem>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "io/hdf5_handle.hpp"
#include "io/hdf5_read.hpp"
#include "parallel/broadcast.hpp"

namespace jpo {
namespace {

StoredRun read_here(const std::string& path) {
  StoredRun run;
  std::error_code ignored;
  run.exists = std::filesystem::exists(path, ignored);
  if (!run.exists) return run;
  const Hid file = open_for_reading(path, run.problem);
  run.is_result = file.get() >= 0 && read_attribute(file.get(), "deck", run.deck) &&
                  read_attribute(file.get(), "failed_fraction", run.failed_fraction);
  if (!run.is_result) return run;
  read_attribute(file.get(), "code_hash", run.code_hash);
  read_attribute(file.get(), "git_revision", run.git_revision);
  const Hid problems(H5Gopen2(file.get(), "/problems", H5P_DEFAULT), H5Gclose);
  if (problems.get() >= 0) read_attribute(problems.get(), "hash", run.problems_hash);
  return run;
}

}  // namespace

StoredRun read_stored_run(const std::string& path, MPI_Comm comm) {
  const int rank = mpi::rank(comm);
  StoredRun run;
  if (rank == 0) run = read_here(path);
  broadcast(run.exists, comm);
  broadcast(run.is_result, comm);
  broadcast(run.problem, comm);
  broadcast(run.deck, comm);
  broadcast(run.problems_hash, comm);
  broadcast(run.code_hash, comm);
  broadcast(run.git_revision, comm);
  broadcast(run.failed_fraction, comm);
  return run;
}

}  // namespace jpo
