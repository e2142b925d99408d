#include "driver/doctor/facts.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/device/memory_space.hpp"
#include "core/machine.hpp"
#include "core/session/environment.hpp"
#include "network/network_library.hpp"
#include "parallel/broadcast.hpp"
#include "parallel/device_mpi.hpp"
#include "parallel/exact_sum.hpp"
#include "parallel/machine_ranks.hpp"
#include "parallel/nccl_ranks.hpp"

namespace jpo {
namespace {

// Returns the number at the start of a text, as the libraries read their variables; 0 if there is
// none.
std::int64_t number_of(const std::string& text) {
  return std::strtoll(text.c_str(), nullptr, 10);
}

double limit_of(int resource) {
  rlimit limit{};
  if (getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0 ||
      limit.rlim_cur == RLIM_INFINITY)
    return RankBinding::kNoLimit;
  return static_cast<double>(limit.rlim_cur);
}

double used_address_space() {
  std::ifstream file("/proc/self/statm");
  double pages = 0.0;
  file >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// Numbers of this rank, in the order in which gather_bindings reads them.
std::vector<double> numbers_here(MPI_Comm comm) {
  std::int64_t lowest_rank = mpi::rank(comm);
  broadcast(lowest_rank, ranks_of_machine(comm).get());
  const NetworkThreads threads = network_threads();
  return {static_cast<double>(lowest_rank),
          static_cast<double>(allowed_cores().size()),
          available_processors(),
          available_memory(),
          static_cast<double>(number_of(environment_value("OMP_NUM_THREADS"))),
          static_cast<double>(std::max(threads.library, threads.blas)),
          threads.blas > 0 ? 1.0 : 0.0,
          limit_of(RLIMIT_AS) - used_address_space(),
          limit_of(RLIMIT_STACK),
          limit_of(RLIMIT_FSIZE)};
}

std::int64_t count_gpus() {
  std::int64_t n = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/dev", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    const std::string prefix = "nvidia";
    n += name.starts_with(prefix) && name.size() > prefix.size() &&
                 name.find_first_not_of("0123456789", prefix.size()) == std::string::npos
             ? 1
             : 0;
  }
  // AMD has one device file for all its GPUs.
  return n + (std::filesystem::exists("/dev/kfd", error) ? 1 : 0);
}

std::int64_t launched_ranks() {
  // SLURM_STEP_NUM_TASKS comes last: under mpirun it counts the processes of mpirun itself.
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"})
    if (const std::int64_t n = number_of(environment_value(name)); n > 0) return n;
  return 0;
}

MachineFacts local_machine_facts() {
  MachineFacts found;
  found.launched = launched_ranks();
  found.in_slurm = !environment_value("SLURM_JOB_ID").empty();
  const std::optional<std::int64_t> end =
      environment_integer("SLURM_JOB_END_TIME", found.unreadable);
  found.has_end = end.has_value();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  if (found.has_end)
    found.seconds_left =
        static_cast<double>(*end - std::chrono::duration_cast<std::chrono::seconds>(now).count());
  for (const char* name : {"SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "SLURM_GPUS_ON_NODE"})
    found.has_gpus_in_job = found.has_gpus_in_job || !environment_value(name).empty();
  found.n_gpu = count_gpus();
  found.visible_gpus = environment_value("CUDA_VISIBLE_DEVICES");
  found.library_sees_gpu = network_library_sees_gpu();
  found.n_usable_gpu = has_cuda_device() ? n_cuda_device() : 0;
  found.mpi_takes_device_memory = mpi_takes_device_memory();
  found.has_nccl = built_with_nccl();
  found.mpi_io = environment_value("OMPI_MCA_io");
  return found;
}

}  // namespace

std::vector<RankBinding> gather_bindings(MPI_Comm comm) {
  const std::vector<std::string> names = machine_names(comm);
  const std::vector<double> mine = numbers_here(comm);
  const std::vector<double> numbers = gather_rows(mine, comm);
  const std::vector<int> cores_here = allowed_cores();
  const std::vector<double> cores =
      gather_rows(std::vector<double>(cores_here.begin(), cores_here.end()), comm);
  std::vector<RankBinding> bindings;
  auto core = cores.begin();
  for (std::size_t rank = 0; rank < names.size(); ++rank) {
    const double* number = numbers.data() + rank * mine.size();
    RankBinding binding;
    binding.machine_name = names[rank];
    binding.machine = static_cast<std::int64_t>(number[0]);
    binding.cores.assign(core, core + static_cast<std::ptrdiff_t>(number[1]));
    core += static_cast<std::ptrdiff_t>(number[1]);
    binding.processors = number[2];
    binding.memory = number[3];
    binding.omp_threads = static_cast<std::int64_t>(number[4]);
    binding.used_threads = static_cast<std::int64_t>(number[5]);
    binding.is_blas_known = number[6] > 0.0;
    binding.address_left = number[7];
    binding.stack = number[8];
    binding.file_size = number[9];
    bindings.push_back(binding);
  }
  return bindings;
}

MachineFacts gather_machine_facts(MPI_Comm comm) {
  MachineFacts found = local_machine_facts();
  broadcast(found.launched, comm);
  broadcast(found.in_slurm, comm);
  broadcast(found.has_end, comm);
  broadcast(found.unreadable, comm);
  broadcast(found.seconds_left, comm);
  broadcast(found.has_gpus_in_job, comm);
  broadcast(found.n_gpu, comm);
  broadcast(found.visible_gpus, comm);
  broadcast(found.library_sees_gpu, comm);
  broadcast(found.n_usable_gpu, comm);
  broadcast(found.mpi_takes_device_memory, comm);
  broadcast(found.has_nccl, comm);
  broadcast(found.mpi_io, comm);
  return found;
}

}  // namespace jpo
