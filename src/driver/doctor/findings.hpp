#pragma once
// How `jpo doctor` judges facts: pure functions, one a line of its report.

#include <cstdint>
#include <string>
#include <vector>

#include "core/session/library_build.hpp"
#include "driver/doctor/facts.hpp"
#include "driver/footprint.hpp"
#include "io/output_folder.hpp"
#include "parallel/reduce_trial.hpp"

namespace jpo {

/// What takes a larger share of the room that there is earns a warning.
constexpr double kTight = 0.8;

enum class Grade : std::uint8_t { ok, warning, problem };

/// One line of the report, and what to change where it is not ok.
struct Finding {
  std::string name;
  Grade grade = Grade::ok;
  std::string found;
  std::string change;
};
/// "ok", "warning", "problem".
std::string grade_name(Grade grade);
/// "15 checks: 13 ok, 1 warning, 1 problem".
std::string count_text(const std::vector<Finding>& findings);
/// How many have this grade.
std::int64_t count_of(const std::vector<Finding>& findings, Grade grade);

/// Ranks of `bindings` that have no core of their own, however cores are dealt out: ranks on one
/// machine less the largest matching of ranks to the cores that each may run on.
std::int64_t ranks_without_core(const std::vector<RankBinding>& bindings);

/// Are all ranks one run, and have all work? `useful`: ranks that have work; 0: not known.
Finding judge_ranks(const std::vector<RankBinding>& bindings, const MachineFacts& around,
                    std::int64_t useful);
/// A core for every rank, on every machine?
Finding judge_cores(const std::vector<RankBinding>& bindings);
/// Is every rank kept on cores of its own?
Finding judge_binding(const std::vector<RankBinding>& bindings);
/// One thread a rank?
Finding judge_threads(const std::vector<RankBinding>& bindings);
Finding judge_all_reduce(const ReduceTrial& trial);
/// Are libraries those that the program was built with?
Finding judge_libraries(const std::vector<LibraryBuild>& builds);
Finding judge_gpus(const MachineFacts& around);
/// ulimit: room for files and memory; what the deck needs is 0 where there is none.
Finding judge_limits(const std::vector<RankBinding>& bindings, const MemoryNeed& memory,
                     const FileNeed& files);
/// Does the run stop in time? `walltime_s` of the deck; 0: none.
Finding judge_time(const MachineFacts& around, double walltime_s);
/// Predicted memory against what each machine has left; `need` 0: no deck.
Finding judge_memory(const std::vector<RankBinding>& bindings, const MemoryNeed& need);

/// Can a folder be written? `refusal`: why not, or empty; `key` of the deck chooses the folder.
Finding judge_folder(const std::string& name, const std::string& path, const std::string& refusal,
                     const std::string& key);
/// What a run would refuse to write over.
struct OlderFiles {
  bool has_result = false;
  bool has_checkpoints = false;
  /// By the deck.
  bool may_overwrite = false;
  /// By the deck.
  bool may_resume = false;
};
Finding judge_older_files(const OlderFiles& older);
Finding judge_file_system(const FileSystem& system, const std::string& mpi,
                          const std::string& mpi_io);
/// What is to be written, and where.
struct Stored {
  std::string what;
  double bytes = 0.0;
  FileSystem system;
};
Finding judge_space(const std::vector<Stored>& stored);
Finding judge_parallel_write(const WriteTrial& trial, const std::string& mpi);

}  // namespace jpo
