// jpo doctor: what is about ranks, machines and libraries. Files: doctor_files.cpp.

#include "driver/doctor/findings.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/device/memory_space.hpp"

namespace jpo {
namespace {

// Below this something is wrong, on any network.
constexpr double kLeastRate = 1e7;   // [bytes/s]
constexpr double kLeastStack = 1e6;  // [bytes]

// The ranks of one machine.
struct Machine {
  std::string name;
  std::vector<const RankBinding*> ranks;
  std::set<int> cores;  // that one of them may run on
  double processors = RankBinding::kNoLimit;
  double memory = RankBinding::kNoLimit;

  auto n_rank() const { return static_cast<std::int64_t>(ranks.size()); }
  /// Ranks that it has cores and time for, at least one.
  std::int64_t room() const {
    const double n_core = cores.empty() ? RankBinding::kNoLimit : static_cast<double>(cores.size());
    const double room = std::max(1.0, std::floor(std::min(n_core, processors)));
    return std::isinf(room) ? n_rank() : static_cast<std::int64_t>(room);
  }
};

std::vector<Machine> machines_of(const std::vector<RankBinding>& bindings) {
  std::map<std::int64_t, Machine> machines;
  for (const RankBinding& binding : bindings) {
    Machine& machine = machines[binding.machine];
    machine.name = binding.machine_name;
    machine.ranks.push_back(&binding);
    machine.cores.insert(binding.cores.begin(), binding.cores.end());
    machine.processors = std::min(machine.processors, binding.processors);
    machine.memory = std::min(machine.memory, binding.memory);
  }
  std::vector<Machine> all;
  for (const auto& [lowest, machine] : machines) all.push_back(machine);
  return all;
}

// The one that a rule is hardest on.
template <class Measure>
Machine worst_of(const std::vector<Machine>& machines, Measure measure) {
  return *std::ranges::max_element(machines, {}, measure);
}

std::string ranks_text(std::int64_t n) {
  return fmt::format("{} rank{}", n, n == 1 ? "" : "s");
}

// Fewer distinct cores than ranks, or ranks bound to one and the same core.
std::int64_t without_core(const Machine& machine) {
  std::set<int> cores;
  std::multiset<int> single_cores;
  std::int64_t n_known = 0;
  for (const RankBinding* rank : machine.ranks) {
    if (rank->cores.empty()) continue;
    ++n_known;
    cores.insert(rank->cores.begin(), rank->cores.end());
    if (rank->cores.size() == 1) single_cores.insert(rank->cores.front());
  }
  const std::set<int> distinct(single_cores.begin(), single_cores.end());
  return std::max(n_known - std::ssize(cores), std::ssize(single_cores) - std::ssize(distinct));
}

// The same cores for all of its ranks, and a choice between several.
bool is_unbound(const Machine& machine) {
  const auto n_core = machine.cores.size();
  return machine.n_rank() > 1 && n_core > 1 &&
         std::ranges::all_of(machine.ranks, [&](const RankBinding* binding) {
           return binding->cores.size() == n_core;
         });
}

constexpr const char* kBind = "mpirun --map-by core --bind-to core, or srun --cpu-bind=cores";

// What to give up where memory is short: the largest part of it.
std::string less_memory(const MemoryNeed& need) {
  const std::array<std::pair<double, const char*>, 5> parts = {
      {{need.problems, "a smaller data.n_problem"},
       {need.states, "a smaller parallel.solve_batch (it changes no result)"},
       {need.weights, "a smaller [network]"},
       {need.pairs, "fewer simulations or draws in the method that keeps them"},
       {need.answers, "fewer concurrent_solves of the methods (results stay the same)"}}};
  const auto largest = std::ranges::max_element(parts, {}, [](const auto& p) { return p.first; });
  return largest->second;
}

std::string time_text(double seconds) {
  if (seconds < 120.0) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200.0) return fmt::format("{:.0f} min", seconds / 60.0);
  return fmt::format("{:.1f} h", seconds / 3600.0);
}

std::string rate_text(double bytes, double seconds) {
  return fmt::format("{:.2f} ms, {:.0f} MB/s", 1e3 * seconds, 1e-6 * bytes / seconds);
}

double least(const std::vector<RankBinding>& bindings, double RankBinding::*limit) {
  return (*std::ranges::min_element(bindings, {}, limit)).*limit;
}

std::string limit_text(double bytes) {
  return std::isinf(bytes) ? "unlimited" : bytes_text(bytes);
}

}  // namespace

std::string grade_name(Grade grade) {
  return grade == Grade::ok ? "ok" : grade == Grade::warning ? "warning" : "problem";
}

std::int64_t count_of(const std::vector<Finding>& findings, Grade grade) {
  return std::ranges::count(findings, grade, &Finding::grade);
}

std::string count_text(const std::vector<Finding>& findings) {
  const std::int64_t warnings = count_of(findings, Grade::warning);
  const std::int64_t problems = count_of(findings, Grade::problem);
  return fmt::format("{} checks: {} ok, {} warning{}, {} problem{}", findings.size(),
                     count_of(findings, Grade::ok), warnings, warnings == 1 ? "" : "s", problems,
                     problems == 1 ? "" : "s");
}

std::int64_t ranks_without_core(const std::vector<RankBinding>& bindings) {
  std::int64_t n = 0;
  for (const Machine& machine : machines_of(bindings)) n += without_core(machine);
  return n;
}

Finding judge_ranks(const std::vector<RankBinding>& bindings, const MachineFacts& around,
                    std::int64_t useful) {
  const auto n_rank = static_cast<std::int64_t>(bindings.size());
  const auto machines = machines_of(bindings);
  const Machine fullest = worst_of(machines, &Machine::n_rank);
  Finding finding{"ranks", Grade::ok, fmt::format("{} on {}", ranks_text(n_rank), fullest.name),
                  ""};
  if (machines.size() > 1)
    finding.found = fmt::format("{} on {} machines, at most {} on one ({})", ranks_text(n_rank),
                                machines.size(), fullest.n_rank(), fullest.name);
  if (n_rank == 1 && around.launched > 1) {
    finding.grade = Grade::problem;
    finding.found = fmt::format("the launcher started {} processes that do not know each other",
                                around.launched);
    finding.change =
        "start jpo with the mpirun of the MPI under 'libraries', or with srun --mpi=pmix";
  } else if (useful > 0 && n_rank > useful) {
    finding.grade = Grade::warning;
    finding.found += fmt::format(", {} of them without work", n_rank - useful);
    finding.change = fmt::format(
        "mpirun -n {}, or a smaller parallel.micro_batch (part of a result's identity)", useful);
  }
  return finding;
}

Finding judge_cores(const std::vector<RankBinding>& bindings) {
  const auto machines = machines_of(bindings);
  const Machine worst =
      worst_of(machines, [](const Machine& machine) { return machine.n_rank() - machine.room(); });
  Finding finding{"cores", Grade::ok, "", ""};
  finding.found = fmt::format("{} on {} core{} of {}", ranks_text(worst.n_rank()),
                              worst.cores.empty() ? "?" : std::to_string(worst.cores.size()),
                              worst.cores.size() == 1 ? "" : "s", worst.name);
  if (worst.processors < static_cast<double>(worst.cores.size()))
    finding.found += fmt::format(", control groups allow {:.1f} processors", worst.processors);
  if (worst.n_rank() > worst.room()) {
    std::int64_t total = 0;
    for (const Machine& machine : machines) total += std::min(machine.n_rank(), machine.room());
    finding.grade = Grade::warning;
    finding.found += ": oversubscribed, ranks wait for each other";
    finding.change = fmt::format(
        "mpirun -n {}, or a job with a core for every rank (Slurm: --ntasks, "
        "--cpus-per-task=1)",
        total);
    if (without_core(worst) > 0 && worst.cores.size() > 1)
      finding.change += fmt::format("; where there are more cores than that: {}", kBind);
  } else if (const std::int64_t n = ranks_without_core(bindings); n > 0) {
    finding.grade = Grade::warning;
    finding.found += fmt::format(", yet {} bound to a core of another's", ranks_text(n));
    finding.change = kBind;
  }
  return finding;
}

Finding judge_binding(const std::vector<RankBinding>& bindings) {
  const auto machines = machines_of(bindings);
  const auto unbound = std::ranges::find_if(machines, is_unbound);
  if (unbound == machines.end())
    return {
        "binding", Grade::ok,
        bindings.size() == 1 ? "one rank has nothing to be kept from" : "ranks stay where they are",
        ""};
  if (unbound->n_rank() > unbound->room())
    return {"binding", Grade::ok, "none, and no core for every rank", ""};
  return {"binding", Grade::warning,
          fmt::format("none: the {} of {} may move between {} cores", ranks_text(unbound->n_rank()),
                      unbound->name, unbound->cores.size()),
          kBind};
}

Finding judge_threads(const std::vector<RankBinding>& bindings) {
  constexpr const char* change =
      "export OMP_NUM_THREADS=1 (mpirun -x OMP_NUM_THREADS passes it to other machines)";
  const auto rank_text = [&](const auto& binding) {
    return fmt::format("rank {} on {}", &*binding - bindings.data(), binding->machine_name);
  };
  const auto several = std::ranges::find_if(
      bindings, [](const RankBinding& binding) { return binding.used_threads != 1; });
  if (several != bindings.end())
    return {"threads", Grade::problem,
            fmt::format("{} computes with {} threads: results lose their equal bits",
                        rank_text(several), several->used_threads),
            change};
  const auto other = std::ranges::find_if(bindings, [](const RankBinding& binding) {
    return binding.omp_threads != 1 && (binding.omp_threads != 0 || !binding.knows_blas);
  });
  if (other == bindings.end())
    return {"threads", Grade::ok,
            fmt::format("1 a rank, OMP_NUM_THREADS {}",
                        bindings.front().omp_threads == 0 ? "not set: jpo sets it" : "1"),
            ""};
  return {"threads", Grade::warning,
          other->omp_threads != 0
              ? fmt::format("OMP_NUM_THREADS is {} ({}); jpo computes with 1 thread a rank, "
                            "libraries start the others in vain",
                            other->omp_threads, rank_text(other))
              : fmt::format("OMP_NUM_THREADS is not set ({}), and the BLAS is not OpenBLAS: it may "
                            "take all cores",
                            rank_text(other)),
          change};
}

Finding judge_all_reduce(const ReduceTrial& trial) {
  const double exact_bytes = static_cast<double>(trial.n_value) * 2.0 * sizeof(std::int64_t);
  const double plain_bytes = static_cast<double>(trial.n_value) * sizeof(double);
  Finding finding{"all-reduce", Grade::ok,
                  fmt::format("the bits of a serial sum; {} numbers exactly in {}; "
                              "MPI_Allreduce in {}",
                              trial.n_value, rate_text(exact_bytes, trial.exact_seconds),
                              rate_text(plain_bytes, trial.plain_seconds)),
                  ""};
  if (!trial.has_same_bits) {
    finding.grade = Grade::problem;
    finding.found = "the exact sum over ranks has other bits than a serial one";
    finding.change =
        "export OMPI_MCA_coll=^hcoll, or use another MPI: this one does not add integers right";
  } else if (exact_bytes < kLeastRate * trial.exact_seconds) {
    finding.grade = Grade::warning;
    finding.change =
        "a core for every rank with nothing else on it, and the fast network: mpirun --mca btl "
        "^tcp "
        "fails where that is not found";
  }
  return finding;
}

Finding judge_libraries(const std::vector<LibraryBuild>& builds) {
  Finding finding{"libraries", Grade::ok, "", ""};
  std::vector<std::string> found, other;
  for (const LibraryBuild& build : builds) {
    const bool is_same = build.found.empty() || build.found.starts_with(build.built_with);
    const std::string& version = build.found.empty() ? build.built_with : build.found;
    found.push_back(
        is_same ? fmt::format("{} {}", build.name, version)
                : fmt::format("{} {} (built with {})", build.name, version, build.built_with));
    // Several MPIs on one machine are common.
    if (build.name == "mpi" && !build.path.empty()) found.back() += " in " + build.path;
    if (!is_same) other.push_back(build.name);
  }
  finding.found = fmt::format("{}", fmt::join(found, ", "));
  if (other.empty()) return finding;
  finding.grade = Grade::warning;
  finding.change =
      fmt::format("build jpo again, or load the modules it was built with (LD_LIBRARY_PATH): {}",
                  fmt::join(other, ", "));
  return finding;
}

Finding judge_gpus(const MachineFacts& around) {
  std::string seen = around.n_gpu == 0 ? "none here" : fmt::format("{} here", around.n_gpu);
  if (!around.visible_gpus.empty())
    seen += fmt::format(" (CUDA_VISIBLE_DEVICES={})", around.visible_gpus);
  if (around.library_sees_gpu) seen += ", LibTorch could use one";
  if (around.n_usable_gpu > 0) {
    seen += fmt::format(
        "; models that can compute on them, ranks in turn; MPI {} their memory, NCCL {}",
        around.mpi_takes_device_memory ? "takes" : "does not take",
        around.has_nccl ? "can be chosen" : "is not in this build");
    return {"gpu", Grade::ok, seen, ""};
  }
  seen += built_with_cuda() ? "; CUDA finds no device" : "; this build computes on CPUs only";
  if (!around.asked_for_gpu) return {"gpu", Grade::ok, seen, ""};
  return {"gpu", Grade::warning, seen + ", and the job holds some",
          built_with_cuda() ? "see that nvidia-smi works there: the driver, CUDA_VISIBLE_DEVICES"
                            : "leave --gpus, --gres=gpu and GPU partitions out of the job script, "
                              "or build jpo with the preset cuda"};
}

Finding judge_limits(const std::vector<RankBinding>& bindings, const MemoryNeed& memory,
                     const FileNeed& files) {
  const double file = least(bindings, &RankBinding::file_size);
  const double address = least(bindings, &RankBinding::address_left);
  const double stack = least(bindings, &RankBinding::stack);
  const double largest_file = std::max(files.result, files.checkpoint);
  Finding finding{"limits", Grade::ok,
                  fmt::format("files {}, address space left {}, stack {}", limit_text(file),
                              limit_text(address), limit_text(stack)),
                  ""};
  if (largest_file > file) {
    finding.grade = Grade::problem;
    finding.found += fmt::format("; a file will have about {}", bytes_text(largest_file));
    finding.change = "ulimit -f unlimited";
  } else if (memory.total() > address) {
    finding.grade = Grade::problem;
    finding.found += fmt::format("; a rank needs about {}", bytes_text(memory.total()));
    finding.change = "ulimit -v unlimited";
  } else if (stack < kLeastStack) {
    finding.grade = Grade::warning;
    finding.change = "ulimit -s 8192";
  }
  return finding;
}

Finding judge_time(const MachineFacts& around, double walltime_s) {
  constexpr double short_time = 120.0;
  const bool has_walltime = walltime_s > 0.0;
  Finding finding{"time", Grade::ok, "no Slurm job", ""};
  if (around.in_slurm && around.has_end) {
    finding.found =
        fmt::format("the Slurm job ends in {}: jpo stops in time, with a checkpoint, exit code 75",
                    time_text(std::max(0.0, around.seconds_left)));
    if (around.seconds_left < short_time) {
      finding.grade = Grade::warning;
      finding.change = "sbatch --time=..., a longer one";
    }
  } else if (around.in_slurm) {
    finding.found = "a Slurm job that does not say when it ends";
    if (!has_walltime) {
      finding.grade = Grade::warning;
      finding.change = "--set checkpoint.walltime_s=SECONDS, those of sbatch --time";
    }
  }
  finding.found += has_walltime ? fmt::format("; checkpoint.walltime_s stops a run after {}",
                                              time_text(walltime_s))
                                : "; no checkpoint.walltime_s";
  return finding;
}

Finding judge_memory(const std::vector<RankBinding>& bindings, const MemoryNeed& need) {
  const auto machines = machines_of(bindings);
  const auto asked = [&](const Machine& machine) {
    return static_cast<double>(machine.n_rank()) * need.total();
  };
  // Without a deck the question is who has least for each of its ranks.
  const Machine worst = worst_of(machines, [&](const Machine& machine) {
    return need.total() > 0.0
               ? asked(machine) / std::max(1.0, machine.memory)
               : static_cast<double>(machine.n_rank()) / std::max(1.0, machine.memory);
  });
  const std::string left = std::isinf(worst.memory) ? "not known" : bytes_text(worst.memory);
  Finding finding{"memory", Grade::ok,
                  fmt::format("{} left on {} for {}", left, worst.name, ranks_text(worst.n_rank())),
                  ""};
  if (need.total() == 0.0) return finding;
  finding.found = fmt::format("{} a rank predicted, {} for the {} of {}; left there: {}",
                              bytes_text(need.total()), bytes_text(asked(worst)),
                              ranks_text(worst.n_rank()), worst.name, left);
  if (asked(worst) <= kTight * worst.memory) return finding;
  finding.grade = asked(worst) > worst.memory ? Grade::problem : Grade::warning;
  finding.change = fmt::format(
      "more machines, fewer ranks on each (Slurm: --nodes, "
      "--ntasks-per-node, --mem=0), or {}",
      less_memory(need));
  return finding;
}

}  // namespace jpo
