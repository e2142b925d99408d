// Findings of jpo doctor about ranks, machines and libraries; files.cpp has those about files.

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

// An all-reduce below this rate is too slow on any network [bytes/s].
constexpr double kLeastRate = 1e7;
// A smaller stack earns a warning [bytes].
constexpr double kLeastStack = 1e6;

// The ranks of one machine.
struct Machine {
  std::string name;
  std::vector<const RankBinding*> ranks;
  /// Cores that at least one of the ranks may run on.
  std::set<int> cores;
  double processors = RankBinding::kNoLimit;
  double memory = RankBinding::kNoLimit;

  auto n_rank() const { return static_cast<std::int64_t>(ranks.size()); }
  /// Number of ranks that the machine has cores and processor time for; at least one.
  std::int64_t n_slot() const {
    const double n_core = cores.empty() ? RankBinding::kNoLimit : static_cast<double>(cores.size());
    const double slots = std::max(1.0, std::floor(std::min(n_core, processors)));
    return std::isinf(slots) ? n_rank() : static_cast<std::int64_t>(slots);
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

// Returns the machine with the largest measure.
template <class Measure>
Machine worst_of(const std::vector<Machine>& machines, Measure measure) {
  return *std::ranges::max_element(machines, {}, measure);
}

std::string ranks_text(std::int64_t n) {
  return fmt::format("{} rank{}", n, n == 1 ? "" : "s");
}

std::string ranks_run_text(std::int64_t n) {
  return ranks_text(n) + (n == 1 ? " runs" : " run");
}

// Returns the larger of two numbers: ranks beyond the number of distinct cores, and ranks bound to
// a core that another rank is bound to.
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

// Returns true if each rank may run on every one of several cores.
bool is_unbound(const Machine& machine) {
  const auto n_core = machine.cores.size();
  return machine.n_rank() > 1 && n_core > 1 &&
         std::ranges::all_of(machine.ranks, [&](const RankBinding* binding) {
           return binding->cores.size() == n_core;
         });
}

constexpr const char* kBind = "mpirun --map-by core --bind-to core, or srun --cpu-bind=cores";

// Suggests how to reduce the largest part of the memory.
std::string less_memory(const MemoryNeed& need) {
  const std::array<std::pair<double, const char*>, 5> parts = {
      {{need.problems, "a smaller data.n_problem"},
       {need.states, "a smaller parallel.solve_batch (changes no result)"},
       {need.weights, "a smaller [network]"},
       {need.pairs, "fewer simulations or draws in the method that keeps them"},
       {need.recorded, "a smaller concurrent_solves of the methods (changes no result)"}}};
  const auto largest = std::ranges::max_element(parts, {}, [](const auto& p) { return p.first; });
  return largest->second;
}

std::string time_text(double seconds) {
  if (seconds < 120.0) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200.0) return fmt::format("{:.0f} min", seconds / 60.0);
  return fmt::format("{:.1f} h", seconds / 3600.0);
}

std::string rate_text(double bytes, double seconds) {
  return fmt::format("{:.2f} ms ({:.0f} MB/s)", 1e3 * seconds, 1e-6 * bytes / seconds);
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

Finding judge_ranks(const std::vector<RankBinding>& bindings, const MachineFacts& machine_facts,
                    std::int64_t useful) {
  const auto n_rank = static_cast<std::int64_t>(bindings.size());
  const auto machines = machines_of(bindings);
  const Machine fullest = worst_of(machines, &Machine::n_rank);
  Finding finding{"ranks", Grade::ok, fmt::format("{} on {}", ranks_run_text(n_rank), fullest.name),
                  ""};
  if (machines.size() > 1)
    finding.found = fmt::format("{} on {} machines, at most {} on one ({})", ranks_run_text(n_rank),
                                machines.size(), fullest.n_rank(), fullest.name);
  if (n_rank == 1 && machine_facts.launched > 1) {
    finding.grade = Grade::problem;
    finding.found = fmt::format("the launcher started {} separate runs of one rank each",
                                machine_facts.launched);
    finding.fix = "start jpo with the mpirun of the MPI under 'libraries', or with srun --mpi=pmix";
  } else if (useful > 0 && n_rank > useful) {
    finding.grade = Grade::warning;
    finding.found += fmt::format(", of which {} have no work", n_rank - useful);
    finding.fix =
        fmt::format("mpirun -n {}, or a smaller parallel.micro_batch (changes the result)", useful);
  }
  return finding;
}

Finding judge_cores(const std::vector<RankBinding>& bindings) {
  const auto machines = machines_of(bindings);
  const Machine worst = worst_of(
      machines, [](const Machine& machine) { return machine.n_rank() - machine.n_slot(); });
  Finding finding{"cores", Grade::ok, "", ""};
  finding.found = fmt::format("{} on {} core{} of {}", ranks_run_text(worst.n_rank()),
                              worst.cores.empty() ? "?" : std::to_string(worst.cores.size()),
                              worst.cores.size() == 1 ? "" : "s", worst.name);
  if (worst.processors < static_cast<double>(worst.cores.size()))
    finding.found += fmt::format("; control groups allow {:.1f} processors", worst.processors);
  if (worst.n_rank() > worst.n_slot()) {
    std::int64_t total = 0;
    for (const Machine& machine : machines) total += std::min(machine.n_rank(), machine.n_slot());
    finding.grade = Grade::warning;
    finding.found += "; too few cores, so ranks wait for each other";
    finding.fix = fmt::format(
        "mpirun -n {}, or a job with one core per rank (Slurm: --ntasks, --cpus-per-task=1)",
        total);
    if (without_core(worst) > 0 && worst.cores.size() > 1)
      finding.fix += fmt::format("; if the machine has more cores: {}", kBind);
  } else if (const std::int64_t n = ranks_without_core(bindings); n > 0) {
    finding.grade = Grade::warning;
    finding.found += fmt::format(", but {} {} no core of {} own", ranks_text(n),
                                 n == 1 ? "has" : "have", n == 1 ? "its" : "their");
    finding.fix = kBind;
  }
  return finding;
}

Finding judge_binding(const std::vector<RankBinding>& bindings) {
  const auto machines = machines_of(bindings);
  const auto unbound = std::ranges::find_if(machines, is_unbound);
  if (unbound == machines.end())
    return {"binding", Grade::ok,
            bindings.size() == 1 ? "one rank needs no binding" : "ranks stay on their cores", ""};
  if (unbound->n_rank() > unbound->n_slot())
    return {"binding", Grade::ok, "ranks are not bound; there are fewer cores than ranks", ""};
  return {"binding", Grade::warning,
          fmt::format("ranks are not bound: the {} of {} may move between {} cores",
                      ranks_text(unbound->n_rank()), unbound->name, unbound->cores.size()),
          kBind};
}

Finding judge_threads(const std::vector<RankBinding>& bindings) {
  constexpr const char* fix =
      "export OMP_NUM_THREADS=1 (mpirun -x OMP_NUM_THREADS passes it to other machines)";
  const auto rank_text = [&](const auto& binding) {
    return fmt::format("rank {} on {}", &*binding - bindings.data(), binding->machine_name);
  };
  const auto several = std::ranges::find_if(
      bindings, [](const RankBinding& binding) { return binding.used_threads != 1; });
  if (several != bindings.end())
    return {"threads", Grade::problem,
            fmt::format("{} computes with {} threads; results may not be reproducible bit by bit",
                        rank_text(several), several->used_threads),
            fix};
  const auto other = std::ranges::find_if(bindings, [](const RankBinding& binding) {
    return binding.omp_threads != 1 && (binding.omp_threads != 0 || !binding.is_blas_known);
  });
  if (other == bindings.end())
    return {"threads", Grade::ok,
            fmt::format("each rank computes with 1 thread; OMP_NUM_THREADS is {}",
                        bindings.front().omp_threads == 0 ? "not set, so jpo sets it" : "1"),
            ""};
  return {"threads", Grade::warning,
          other->omp_threads != 0
              ? fmt::format("OMP_NUM_THREADS is {} ({}); jpo computes with 1 thread per rank, "
                            "so the other threads stay idle",
                            other->omp_threads, rank_text(other))
              : fmt::format("OMP_NUM_THREADS is not set ({}) and the BLAS is not OpenBLAS; it may "
                            "use all cores",
                            rank_text(other)),
          fix};
}

Finding judge_all_reduce(const ReduceTrial& trial) {
  const double exact_bytes = static_cast<double>(trial.n_value) * 2.0 * sizeof(std::int64_t);
  const double plain_bytes = static_cast<double>(trial.n_value) * sizeof(double);
  Finding finding{"all-reduce", Grade::ok,
                  fmt::format("the exact sum of {} numbers is bit-identical to the serial sum and "
                              "takes {}; MPI_Allreduce takes {}",
                              trial.n_value, rate_text(exact_bytes, trial.exact_seconds),
                              rate_text(plain_bytes, trial.plain_seconds)),
                  ""};
  if (!trial.has_same_bits) {
    finding.grade = Grade::problem;
    finding.found = "the exact sum over ranks differs from the serial sum";
    finding.fix =
        "export OMPI_MCA_coll=^hcoll, or use another MPI; this one adds integers incorrectly";
  } else if (exact_bytes < kLeastRate * trial.exact_seconds) {
    finding.grade = Grade::warning;
    finding.found += fmt::format("; below {:.0f} MB/s is too slow", 1e-6 * kLeastRate);
    finding.fix =
        "give each rank a core without other processes, and use the high-speed interconnect; to "
        "test it: mpirun --mca btl ^tcp aborts if MPI finds no other connection between the nodes";
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
    // The path of MPI matters, because many machines have several.
    if (build.name == "mpi" && !build.path.empty()) found.back() += " in " + build.path;
    if (!is_same) other.push_back(build.name);
  }
  finding.found = fmt::format("jpo runs with {}", fmt::join(found, ", "));
  if (other.empty()) return finding;
  finding.grade = Grade::warning;
  finding.fix = fmt::format(
      "build jpo again, or load the modules that it was built with (LD_LIBRARY_PATH): {}",
      fmt::join(other, ", "));
  return finding;
}

Finding judge_gpus(const MachineFacts& machine_facts) {
  std::string seen = fmt::format("this machine has {} GPU{}", machine_facts.n_gpu,
                                 machine_facts.n_gpu == 1 ? "" : "s");
  if (!machine_facts.visible_gpus.empty())
    seen += fmt::format(" (CUDA_VISIBLE_DEVICES={})", machine_facts.visible_gpus);
  if (machine_facts.library_sees_gpu) seen += ", LibTorch can use one";
  if (machine_facts.n_usable_gpu > 0) {
    seen += fmt::format(
        "; models with kernels can use {} of them, distributed over the ranks; MPI {} device "
        "memory; NCCL {}",
        machine_facts.n_usable_gpu,
        machine_facts.mpi_takes_device_memory ? "reads" : "does not read",
        machine_facts.has_nccl ? "is available" : "is not in this build");
    return {"gpu", Grade::ok, seen, ""};
  }
  seen += built_with_cuda() ? "; CUDA finds no device" : "; this build computes on CPUs only";
  if (!machine_facts.has_gpus_in_job) return {"gpu", Grade::ok, seen, ""};
  return {"gpu", Grade::warning, seen + ", but the job has been given GPUs",
          built_with_cuda() ? "check nvidia-smi, the driver and CUDA_VISIBLE_DEVICES"
                            : "remove --gpus, --gres=gpu and GPU partitions from the job script, "
                              "or build jpo with the preset cuda"};
}

Finding judge_limits(const std::vector<RankBinding>& bindings, const MemoryNeed& memory,
                     const FileNeed& files) {
  const double file = least(bindings, &RankBinding::file_size);
  const double address = least(bindings, &RankBinding::address_left);
  const double stack = least(bindings, &RankBinding::stack);
  const double largest_file = std::max(files.result, files.checkpoint);
  Finding finding{"limits", Grade::ok,
                  fmt::format("file size: {}; free address space: {}; stack: {}", limit_text(file),
                              limit_text(address), limit_text(stack)),
                  ""};
  if (largest_file > file) {
    finding.grade = Grade::problem;
    finding.found += fmt::format("; the largest file needs about {}", bytes_text(largest_file));
    finding.fix = "ulimit -f unlimited";
  } else if (memory.total() > address) {
    finding.grade = Grade::problem;
    finding.found += fmt::format("; a rank needs about {}", bytes_text(memory.total()));
    finding.fix = "ulimit -v unlimited";
  } else if (stack < kLeastStack) {
    finding.grade = Grade::warning;
    finding.fix = "ulimit -s 8192";
  }
  return finding;
}

Finding judge_time(const MachineFacts& machine_facts, double walltime_s) {
  constexpr double short_time = 120.0;
  const bool has_walltime = walltime_s > 0.0;
  Finding finding{"time", Grade::ok, "no Slurm job limits the time", ""};
  if (machine_facts.in_slurm && machine_facts.has_end) {
    finding.found = fmt::format(
        "the Slurm job ends in {}; jpo stops before, with a checkpoint and exit code 75",
        time_text(std::max(0.0, machine_facts.seconds_left)));
    if (machine_facts.seconds_left < short_time) {
      finding.grade = Grade::warning;
      finding.fix = "use a longer sbatch --time";
    }
  } else if (machine_facts.in_slurm) {
    finding.found = machine_facts.unreadable.empty()
                        ? "Slurm does not set the end of this job (SLURM_JOB_END_TIME)"
                        : machine_facts.unreadable;
    if (!has_walltime) {
      finding.grade = Grade::warning;
      finding.fix = "--set checkpoint.walltime_s=SECONDS, the time of sbatch --time";
    }
  }
  finding.found += has_walltime ? fmt::format("; checkpoint.walltime_s stops a run after {}",
                                              time_text(walltime_s))
                                : "; checkpoint.walltime_s is not set";
  return finding;
}

Finding judge_memory(const std::vector<RankBinding>& bindings, const MemoryNeed& need) {
  const auto machines = machines_of(bindings);
  const auto needed = [&](const Machine& machine) {
    return static_cast<double>(machine.n_rank()) * need.total();
  };
  // Without a deck the worst machine is the one with the least memory per rank.
  const Machine worst = worst_of(machines, [&](const Machine& machine) {
    return need.total() > 0.0
               ? needed(machine) / std::max(1.0, machine.memory)
               : static_cast<double>(machine.n_rank()) / std::max(1.0, machine.memory);
  });
  const std::string left = std::isinf(worst.memory) ? "an unknown size" : bytes_text(worst.memory);
  Finding finding{
      "memory", Grade::ok,
      fmt::format("{} is free on {} for {}", left, worst.name, ranks_text(worst.n_rank())), ""};
  if (need.total() == 0.0) return finding;
  finding.found = fmt::format("predicted need: {} per rank, {} for the {} of {}; free there: {}",
                              bytes_text(need.total()), bytes_text(needed(worst)),
                              ranks_text(worst.n_rank()), worst.name, left);
  if (needed(worst) <= kTight * worst.memory) return finding;
  finding.grade = needed(worst) > worst.memory ? Grade::problem : Grade::warning;
  finding.fix = fmt::format(
      "more machines with fewer ranks on each (Slurm: --nodes, --ntasks-per-node, --mem=0), or {}",
      less_memory(need));
  return finding;
}

}  // namespace jpo
