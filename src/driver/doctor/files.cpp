// jpo doctor: what is about folders, file systems and files.

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

// Open MPI's other layer below HDF5, by the name that it has there.
std::string romio_of(const std::string& mpi) {
  return mpi.starts_with("Open MPI v4") ? "romio321" : "romio341";
}

std::string rate_text(double bytes, double seconds) {
  return fmt::format("{:.1f} ms ({:.0f} MB/s)", 1e3 * seconds, 1e-6 * bytes / seconds);
}

}  // namespace

Finding judge_folder(const std::string& name, const std::string& path, const std::string& refusal,
                     const std::string& key) {
  if (refusal.empty()) return {name, Grade::ok, fmt::format("{} can be written", path), ""};
  return {name, Grade::problem, fmt::format("no file can be made in {}: {}", path, refusal),
          fmt::format("--set {}=..., in a folder where you may write", key)};
}

Finding judge_older_files(const OlderFiles& older) {
  Finding finding{"older files", Grade::ok, "none in the way", ""};
  if (older.has_checkpoints) {
    finding.found = older.may_resume
                        ? "checkpoints of a run that has not finished: the run goes on from them"
                        : "checkpoints of a run that has not finished";
    if (older.may_resume || older.may_overwrite) return finding;
    finding.grade = Grade::warning;
    finding.change = "jpo run --resume to go on from them, --overwrite to start again";
  } else if (older.has_result) {
    finding.found = "a result stands at run.output";
    if (older.may_overwrite) return finding;
    finding.grade = Grade::warning;
    finding.change = "jpo run --overwrite, or another run.output";
  }
  return finding;
}

Finding judge_file_system(const FileSystem& system, const std::string& mpi,
                          const std::string& mpi_io) {
  Finding finding{"file system", Grade::ok, system.type, ""};
  if (!mpi_io.empty()) finding.found += fmt::format(", OMPI_MCA_io={}", mpi_io);
  const bool has_romio = !is_open_mpi(mpi) || mpi_io.starts_with("romio");
  if (system.type == "nfs") {
    finding.grade = Grade::warning;
    finding.found += ": several machines write slowly there, and not always what others then see";
    finding.change = "run.output on a parallel file system (scratch)";
    if (!has_romio) finding.change += fmt::format("; else export OMPI_MCA_io={}", romio_of(mpi));
  } else if ((system.type == "lustre" || system.type == "gpfs") && !has_romio) {
    finding.grade = Grade::warning;
    finding.found += ": Open MPI's own I/O has been seen to hang there";
    finding.change = fmt::format("export OMPI_MCA_io={}", romio_of(mpi));
  }
  return finding;
}

Finding judge_space(const std::vector<Stored>& stored) {
  std::map<std::int64_t, double> asked;
  for (const Stored& part : stored) asked[part.system.device] += part.bytes;
  const auto worst = std::ranges::max_element(stored, {}, [&](const Stored& part) {
    return (asked[part.system.device] + 1.0) / std::max(1.0, part.system.free_bytes);
  });
  const double needed = asked[worst->system.device];
  const double free = worst->system.free_bytes;
  Finding finding{"free space", Grade::ok, fmt::format("{} free", bytes_text(free)), ""};
  if (needed == 0.0) return finding;
  std::vector<std::string> parts;
  for (const Stored& part : stored)
    if (part.system.device == worst->system.device)
      parts.push_back(fmt::format("{} for {}", bytes_text(part.bytes), part.what));
  finding.found += fmt::format(", predicted: {}", fmt::join(parts, ", "));
  if (needed <= kTight * free) return finding;
  finding.grade = needed > free ? Grade::problem : Grade::warning;
  finding.change = fmt::format(
      "make {} more free there, or move run.output or checkpoint.directory to another file "
      "system, or set checkpoint.keep=1",
      bytes_text(std::max(needed - free, needed / kTight - free)));
  return finding;
}

Finding judge_parallel_write(const WriteTrial& trial, const std::string& mpi) {
  if (trial.failure.empty())
    return {"parallel HDF5", Grade::ok,
            fmt::format("{} by all ranks in {}, read back equal in {}", bytes_text(trial.bytes),
                        rate_text(trial.bytes, trial.write_seconds),
                        rate_text(trial.bytes, trial.read_seconds)),
            ""};
  Finding finding{"parallel HDF5", Grade::problem, trial.failure,
                  "run.output in a folder that every machine sees, with room"};
  if (is_open_mpi(mpi)) finding.change += fmt::format("; or export OMPI_MCA_io={}", romio_of(mpi));
  return finding;
}

}  // namespace jpo
