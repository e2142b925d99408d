// Findings of jpo doctor about folders, file systems and files.

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "driver/doctor/findings.hpp"

namespace jpo {
namespace {

bool is_open_mpi(const std::string& mpi) {
  return mpi.starts_with("Open MPI");
}

// Returns the name of ROMIO, the alternative MPI-IO layer of Open MPI.
std::string romio_of(const std::string& mpi) {
  return mpi.starts_with("Open MPI v4") ? "romio321" : "romio341";
}

std::string rate_text(double bytes, double seconds) {
  return fmt::format("{:.1f} ms ({:.0f} MB/s)", 1e3 * seconds, 1e-6 * bytes / seconds);
}

}  // namespace

Finding judge_folder(const std::string& name, const std::string& path, const std::string& refusal,
                     const std::string& key) {
  if (refusal.empty())
    return {name, Grade::ok, fmt::format("files can be written in {}", path), ""};
  return {name, Grade::problem, fmt::format("no file can be written in {}: {}", path, refusal),
          fmt::format("--set {}=..., a path in a writable folder", key)};
}

Finding judge_older_files(const OlderFiles& older) {
  Finding finding{"older files", Grade::ok, "there is no older result and no checkpoint", ""};
  if (older.has_checkpoints) {
    finding.found = older.may_resume
                        ? "there are checkpoints of an unfinished run; this deck resumes from them"
                        : "there are checkpoints of an unfinished run";
    if (older.may_resume || older.may_overwrite) return finding;
    finding.grade = Grade::warning;
    finding.fix = "jpo run --resume to resume it, or --overwrite to start again";
  } else if (older.has_result) {
    finding.found = "the file run.output exists";
    if (older.may_overwrite) return finding;
    finding.grade = Grade::warning;
    finding.fix = "jpo run --overwrite, or another run.output";
  }
  return finding;
}

Finding judge_file_system(const FileSystem& system, const std::string& mpi,
                          const std::string& mpi_io) {
  Finding finding{"file system", Grade::ok, "run.output is on " + system.type, ""};
  if (!mpi_io.empty()) finding.found += fmt::format(", OMPI_MCA_io={}", mpi_io);
  const bool has_romio = !is_open_mpi(mpi) || mpi_io.starts_with("romio");
  if (system.type == "nfs") {
    finding.grade = Grade::warning;
    finding.found += ", which is slow and not coherent between machines";
    finding.fix = "set run.output to a path on a parallel file system (scratch)";
    if (!has_romio) finding.fix += fmt::format("; else export OMPI_MCA_io={}", romio_of(mpi));
  } else if ((system.type == "lustre" || system.type == "gpfs") && !has_romio) {
    finding.grade = Grade::warning;
    finding.found += ", where the default I/O layer of Open MPI can hang";
    finding.fix = fmt::format("export OMPI_MCA_io={}", romio_of(mpi));
  }
  return finding;
}

Finding judge_space(const std::vector<Stored>& stored) {
  std::map<std::int64_t, double> needed_on;
  for (const Stored& part : stored) needed_on[part.system.device] += part.bytes;
  const auto worst = std::ranges::max_element(stored, {}, [&](const Stored& part) {
    return (needed_on[part.system.device] + 1.0) / std::max(1.0, part.system.free_bytes);
  });
  const double needed = needed_on[worst->system.device];
  const double free = worst->system.free_bytes;
  Finding finding{"free space", Grade::ok, fmt::format("{} is free", bytes_text(free)), ""};
  if (needed == 0.0) return finding;
  std::vector<std::string> parts;
  for (const Stored& part : stored)
    if (part.system.device == worst->system.device)
      parts.push_back(fmt::format("{} for {}", bytes_text(part.bytes), part.name));
  finding.found += fmt::format(", predicted need: {}", fmt::join(parts, ", "));
  if (needed <= kTight * free) return finding;
  finding.grade = needed > free ? Grade::problem : Grade::warning;
  finding.fix = fmt::format(
      "free {} more there, or move run.output or checkpoint.directory to another file system, or "
      "set checkpoint.keep=1",
      bytes_text(std::max(needed - free, needed / kTight - free)));
  return finding;
}

Finding judge_parallel_write(const WriteTrial& trial, const std::string& mpi) {
  if (trial.failure.empty())
    return {"parallel HDF5", Grade::ok,
            fmt::format("all ranks wrote {} in {} and read it back unchanged in {}",
                        bytes_text(trial.bytes), rate_text(trial.bytes, trial.write_seconds),
                        rate_text(trial.bytes, trial.read_seconds)),
            ""};
  Finding finding{"parallel HDF5", Grade::problem, trial.failure,
                  "set run.output to a folder that all machines see and that has free space"};
  if (is_open_mpi(mpi)) finding.fix += fmt::format("; or export OMPI_MCA_io={}", romio_of(mpi));
  return finding;
}

}  // namespace jpo
