#pragma once
// What the ranks of a run find where they are: facts only, judged in doctor_findings.hpp.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <mpi.h>

namespace jpo {

/// Of one rank. Bytes and counts are infinite where nothing limits them.
struct RankPlace {
  static constexpr double kNoLimit = std::numeric_limits<double>::infinity();

  std::string machine_name;
  std::int64_t machine = 0;        ///< lowest rank on the same machine
  std::vector<int> cores;          ///< that it may run on; empty: not known
  double processors = kNoLimit;    ///< that control groups allow all ranks in them
  double memory = kNoLimit;        ///< left on the machine [bytes]
  std::int64_t omp_threads = 0;    ///< OMP_NUM_THREADS; 0: not set
  std::int64_t used_threads = 1;   ///< of the network's library and its BLAS, the larger
  bool knows_blas = true;          ///< false: that BLAS does not say
  double address_left = kNoLimit;  ///< of ulimit -v [bytes]
  double stack = kNoLimit;         ///< ulimit -s [bytes]
  double file_size = kNoLimit;     ///< ulimit -f [bytes]
};
/// Of all ranks, in rank order, on every rank. After start_network_library(). Collective on comm.
std::vector<RankPlace> gather_places(MPI_Comm comm);

/// What the environment says to a program, as rank 0 sees it.
struct Surroundings {
  std::int64_t launched = 0;      ///< ranks that the launcher started; 0: it does not say
  bool in_slurm = false;          ///< in a job of Slurm
  bool has_end = false;           ///< which says when it ends
  double seconds_left = 0.0;      ///< until then
  bool asked_for_gpu = false;     ///< the job was given some
  std::int64_t n_gpu = 0;         ///< device files
  std::string visible_gpus;       ///< CUDA_VISIBLE_DEVICES; empty: not set
  bool library_sees_gpu = false;  ///< LibTorch's opinion
  std::int64_t n_usable_gpu = 0;  ///< by this build of jpo, through CUDA
  bool mpi_takes_device_memory = false;
  bool has_nccl = false;  ///< this build of jpo
  std::string mpi_io;     ///< OMPI_MCA_io; empty: not set
};
/// The same on every rank. Collective on comm.
Surroundings look_around(MPI_Comm comm);

}  // namespace jpo
