#include "core/session/session.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <petscsys.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/device/memory_space.hpp"
#include "core/revision.hpp"
#include "core/session/environment.hpp"
#include "core/session/library_build.hpp"
#include "core/session/petsc_options.hpp"
#include "core/session/revision_note.hpp"
#include "core/session/signals.hpp"

namespace jpo {

namespace {

// Returns the number of ranks of the node that use the device with this PCI bus id. Collective.
int n_rank_with(const std::string& bus_id, MPI_Comm node) {
  constexpr int width = 64;
  const int n_rank = mpi::size(node);
  std::array<char, width> mine{};
  bus_id.copy(mine.data(), width - 1);
  std::vector<char> all(static_cast<std::size_t>(n_rank * width));
  MPI_OK(MPI_Allgather(mine.data(), width, MPI_CHAR, all.data(), width, MPI_CHAR, node));
  int n = 0;
  for (int rank = 0; rank < n_rank; ++rank)
    n += bus_id == all.data() + static_cast<std::ptrdiff_t>(rank * width) ? 1 : 0;
  return n;
}

// The devices of a node are assigned to its ranks in turn; if a rank sees none, no rank uses one.
// Only the PCI id is queried; a busy device fails at first use. PETSc's probe for GPU-aware MPI can
// crash, so it is disabled: jpo does not use PETSc to send device memory.
void choose_device() {
  const int n_device = n_cuda_device();
  int fewest = 0;
  MPI_OK(MPI_Allreduce(&n_device, &fewest, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD));
  if (fewest == 0) return;
  MPI_Comm node = MPI_COMM_NULL;
  MPI_OK(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
  const int rank = mpi::rank(node);
  choose_cuda_device(rank % n_device);
  share_cuda_device(n_rank_with(device_pci_bus_id(), node));
  MPI_OK(MPI_Comm_free(&node));
  PETSC(PetscOptionsSetValue(nullptr, "-device_select", std::to_string(rank % n_device).c_str()));
  PETSC(PetscOptionsSetValue(nullptr, "-use_gpu_aware_mpi", "0"));
}

// PETSc 3.26 uses another routine if vectors are evenly spaced in memory. The bits of a solve would
// then depend on earlier allocations. PETSc 3.18 does not have these options.
void choose_reproducible_sums() {
  for (const char* name : {"-vec_mdot_use_gemv", "-vec_maxpy_use_gemv"})
    PETSC(PetscOptionsSetValue(nullptr, name, "0"));
  // Newer versions would warn at exit if these options were not used. The driver reports unused
  // options of the deck.
  PETSC(PetscOptionsSetValue(nullptr, "-options_left", "no"));
}

}  // namespace

Session::Session(int* argc, char*** argv) {
  // A write beyond the file-size limit must fail with an error instead of ending the program.
  std::signal(SIGXFSZ, SIG_IGN);
  // Before MPI starts, because a signal may arrive during its start.
  catch_signals();
  // They would change results without being recorded in them.
  take_petsc_environment();
  int provided = 0;
  MPI_OK(MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided));
  choose_device();
  choose_reproducible_sums();
  // PETSc's signal handler is disabled: it would replace jpo's handler of SIGTERM and report a
  // closed pipe as a crash.
  std::array<char*, 4> arguments = {(*argv)[0], const_cast<char*>("-skip_petscrc"),
                                    const_cast<char*>("-no_signal_handler"), nullptr};
  int n_argument = 3;
  char** first = arguments.data();
  PETSC(PetscInitialize(&n_argument, &first, nullptr, nullptr));
  PETSC(PetscPushErrorHandler(PetscReturnErrorHandler, nullptr));
  MPI_OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  rank_ = mpi::rank(MPI_COMM_WORLD);
  n_rank_ = mpi::size(MPI_COMM_WORLD);
}

Session::~Session() {
  PetscPopErrorHandler();
  PetscFinalize();
  MPI_Finalize();
}

std::vector<LibraryVersion> core_versions() {
  return {{"mpi", mpi_library_name()},
          {"petsc", fmt::format("{}.{}.{}", PETSC_VERSION_MAJOR, PETSC_VERSION_MINOR,
                                PETSC_VERSION_SUBMINOR)},
          {"compiler", JPO_COMPILER},
          {"compiler_flags", JPO_COMPILER_FLAGS}};
}

std::string processor_name() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

std::string jpo_version() {
  return JPO_VERSION;
}
std::string git_revision() {
  return revision_note.text.data();
}

}  // namespace jpo
