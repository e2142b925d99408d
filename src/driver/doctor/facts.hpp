#pragma once
// What the ranks of a run find where they are: facts only, judged in doctor_findings.hpp.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <mpi.h>

namespace jpo {

/// Of one rank. Bytes and counts are infinite where nothing limits them.
struct RankBinding {
  static constexpr double kNoLimit = std::numeric_limits<double>::infinity();

  std::string machine_name;
  /// Lowest rank on the same machine.
  std::int64_t machine = 0;
  /// That it may run on; empty: not known.
  std::vector<int> cores;
  /// That control groups allow all ranks in them.
  double processors = kNoLimit;
  /// Left on the machine [bytes]
  double memory = kNoLimit;
  /// OMP_NUM_THREADS; 0: not set.
  std::int64_t omp_threads = 0;
  /// Of the network's library and its BLAS, the larger.
  std::int64_t used_threads = 1;
  /// False: that BLAS does not say.
  bool knows_blas = true;
  /// Of ulimit -v [bytes]
  double address_left = kNoLimit;
  /// ulimit -s [bytes]
  double stack = kNoLimit;
  /// ulimit -f [bytes]
  double file_size = kNoLimit;
};
/// Of all ranks, in rank order, on every rank. After start_network_library(). Collective on comm.
std::vector<RankBinding> gather_bindings(MPI_Comm comm);

/// What the environment says to a program, as rank 0 sees it.
struct MachineFacts {
  /// Ranks that the launcher started; 0: it does not say.
  std::int64_t launched = 0;
  /// In a job of Slurm.
  bool in_slurm = false;
  /// Which says when it ends.
  bool has_end = false;
  /// Until then.
  double seconds_left = 0.0;
  /// The job was given some.
  bool asked_for_gpu = false;
  /// Device files.
  std::int64_t n_gpu = 0;
  /// CUDA_VISIBLE_DEVICES; empty: not set.
  std::string visible_gpus;
  /// LibTorch's opinion.
  bool library_sees_gpu = false;
  /// By this build of jpo, through CUDA.
  std::int64_t n_usable_gpu = 0;
  bool mpi_takes_device_memory = false;
  /// This build of jpo.
  bool has_nccl = false;
  /// OMPI_MCA_io; empty: not set.
  std::string mpi_io;
};
/// The same on every rank. Collective on comm.
MachineFacts gather_machine_facts(MPI_Comm comm);

}  // namespace jpo
