#pragma once
// Facts about the machines of a run, as its ranks see them. findings.hpp judges them.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <mpi.h>

namespace jpo {

/// Facts of one rank. A limit is infinite if there is none.
struct RankBinding {
  static constexpr double kNoLimit = std::numeric_limits<double>::infinity();

  std::string machine_name;
  /// Lowest rank on the same machine, which identifies the machine.
  std::int64_t machine = 0;
  /// Cores that the rank may run on; empty: not known.
  std::vector<int> cores;
  /// Processors that control groups allow to all ranks of the machine together.
  double processors = kNoLimit;
  /// Free memory of the machine [bytes].
  double memory = kNoLimit;
  /// OMP_NUM_THREADS; 0: not set.
  std::int64_t omp_threads = 0;
  /// Number of threads of LibTorch or of its BLAS, the larger one.
  std::int64_t used_threads = 1;
  /// False if the number of threads of that BLAS is not known.
  bool is_blas_known = true;
  /// Free address space, by ulimit -v [bytes].
  double address_left = kNoLimit;
  /// Size of the stack, by ulimit -s [bytes].
  double stack = kNoLimit;
  /// Largest size of a file, by ulimit -f [bytes].
  double file_size = kNoLimit;
};
/// Returns the facts of all ranks, in rank order, on every rank. Call it after
/// start_network_library(). Collective on comm.
std::vector<RankBinding> gather_bindings(MPI_Comm comm);

/// Facts about the launcher, Slurm and devices, as rank 0 sees them.
struct MachineFacts {
  /// Number of ranks that the launcher has started; 0: not known.
  std::int64_t launched = 0;
  /// True inside a Slurm job.
  bool in_slurm = false;
  /// True if SLURM_JOB_END_TIME is set and can be read.
  bool has_end = false;
  /// Names SLURM_JOB_END_TIME if it is set but cannot be read.
  std::string unreadable;
  /// Time until the end of the Slurm job [s].
  double seconds_left = 0.0;
  /// True if Slurm has given GPUs to the job.
  bool has_gpus_in_job = false;
  /// Number of GPU device files in /dev: one per NVIDIA GPU, and one for all AMD GPUs together.
  std::int64_t n_gpu = 0;
  /// CUDA_VISIBLE_DEVICES; empty: not set.
  std::string visible_gpus;
  /// True if LibTorch finds a GPU.
  bool library_sees_gpu = false;
  /// Number of GPUs that this build of jpo can use through CUDA.
  std::int64_t n_usable_gpu = 0;
  /// True if MPI reads and writes device memory.
  bool mpi_takes_device_memory = false;
  /// True if this build of jpo has NCCL.
  bool has_nccl = false;
  /// OMPI_MCA_io; empty: not set.
  std::string mpi_io;
};
/// Returns the facts of rank 0 on every rank. Collective on comm.
MachineFacts gather_machine_facts(MPI_Comm comm);

}  // namespace jpo
