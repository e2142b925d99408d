#pragma once
// The findings of `jpo doctor`: each function judges some facts and returns one line of the report.

#include <cstdint>
#include <string>
#include <vector>

#include "core/session/library_build.hpp"
#include "driver/doctor/facts.hpp"
#include "driver/footprint.hpp"
#include "io/output_folder.hpp"
#include "parallel/reduce_trial.hpp"

namespace jpo {

/// Share of the free memory or space above which there is a warning.
constexpr double kTight = 0.8;

enum class Grade : std::uint8_t { ok, warning, problem };

/// One line of the report.
struct Finding {
  std::string name;
  Grade grade = Grade::ok;
  std::string found;
  /// Suggested fix; empty if the grade is ok.
  std::string fix;
};
/// Returns "ok", "warning" or "problem".
std::string grade_name(Grade grade);
/// Returns a summary: "15 checks: 13 ok, 1 warning, 1 problem".
std::string count_text(const std::vector<Finding>& findings);
/// Returns the number of findings of a grade.
std::int64_t count_of(const std::vector<Finding>& findings, Grade grade);

/// Returns the number of ranks without a core of their own: ranks that exceed the number of
/// distinct cores of their machine, or ranks bound to one and the same core.
std::int64_t ranks_without_core(const std::vector<RankBinding>& bindings);

/// Checks that all ranks belong to one run and have work. `useful` is the largest number of ranks
/// that have work; 0: not known.
Finding judge_ranks(const std::vector<RankBinding>& bindings, const MachineFacts& machine_facts,
                    std::int64_t useful);
/// Checks that every machine has a core for each of its ranks.
Finding judge_cores(const std::vector<RankBinding>& bindings);
/// Checks that ranks are bound to cores.
Finding judge_binding(const std::vector<RankBinding>& bindings);
/// Checks that each rank computes with one thread.
Finding judge_threads(const std::vector<RankBinding>& bindings);
/// Checks the bits and the speed of the all-reduce.
Finding judge_all_reduce(const ReduceTrial& trial);
/// Checks that the libraries have the versions that the program was built with.
Finding judge_libraries(const std::vector<LibraryBuild>& builds);
/// Checks that GPUs of the job can be used.
Finding judge_gpus(const MachineFacts& machine_facts);
/// Checks the limits of ulimit. The predicted needs are 0 without a deck.
Finding judge_limits(const std::vector<RankBinding>& bindings, const MemoryNeed& memory,
                     const FileNeed& files);
/// Checks that a run can stop before its Slurm job ends. `walltime_s` is that of the deck; 0: not
/// set.
Finding judge_time(const MachineFacts& machine_facts, double walltime_s);
/// Compares the predicted memory with the free memory of each machine; `need` is 0 without a deck.
Finding judge_memory(const std::vector<RankBinding>& bindings, const MemoryNeed& need);

/// Checks that files can be written in a folder. `refusal` is the reason if they cannot, else
/// empty; `key` is the key of the deck that chooses the folder.
Finding judge_folder(const std::string& name, const std::string& path, const std::string& refusal,
                     const std::string& key);
/// Files of earlier runs, which a run does not overwrite by default.
struct OlderFiles {
  bool has_result = false;
  bool has_checkpoints = false;
  /// run.overwrite of the deck.
  bool may_overwrite = false;
  /// True if checkpoint.resume of the deck is auto.
  bool may_resume = false;
};
/// Checks for files of earlier runs.
Finding judge_older_files(const OlderFiles& older);
/// Checks whether MPI-IO works well on a file system. `mpi` is the version of MPI, `mpi_io` the
/// value of OMPI_MCA_io.
Finding judge_file_system(const FileSystem& system, const std::string& mpi,
                          const std::string& mpi_io);
/// Files that a run writes to one file system.
struct Stored {
  /// Name of the files, for the report.
  std::string name;
  /// Predicted size [bytes].
  double bytes = 0.0;
  FileSystem system;
};
/// Compares the predicted sizes of files with the free space of their file systems.
Finding judge_space(const std::vector<Stored>& stored);
/// Judges a trial of collective writing and reading with HDF5.
Finding judge_parallel_write(const WriteTrial& trial, const std::string& mpi);

}  // namespace jpo
