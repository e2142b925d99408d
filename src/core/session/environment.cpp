#include "core/session/environment.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include <fmt/format.h>

namespace jpo {
namespace {

std::optional<std::string> path_environment;

std::optional<std::string> value_here(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

}  // namespace

const std::vector<EnvironmentVariable>& environment_variables() {
  static const std::vector<EnvironmentVariable> variables = {
      {"HOME", "replaces ~ at the start of a path"},
      {"OMP_NUM_THREADS", "threads per rank, printed; should be 1"},
      {"SLURM_JOB_END_TIME", "end of the job in seconds since 1970: jpo stops before it, code 75"},
      {"SLURM_JOB_ID", "a lock of an earlier part of the same job is replaced at once"},
      {"SLURM_JOB_GPUS", "doctor: GPUs of the job"},
      {"SLURM_STEP_GPUS", "doctor: GPUs of the job"},
      {"SLURM_GPUS_ON_NODE", "doctor: GPUs of the job"},
      {"SLURM_STEP_NUM_TASKS", "doctor: number of ranks that the launcher has started"},
      {"PMI_SIZE", "doctor: number of ranks that the launcher has started"},
      {"OMPI_COMM_WORLD_SIZE", "doctor: number of ranks; if set, progress is shown as lines"},
      {"OMPI_MCA_io", "doctor: MPI-IO of Open MPI"},
      {"CUDA_VISIBLE_DEVICES", "doctor: GPUs that a rank sees"},
      {"PETSC_OPTIONS", "options for PETSc if run.petsc_environment = true"},
      {"PETSC_OPTIONS_YAML", "ignored, with a warning: use the section [petsc] of the deck"},
  };
  return variables;
}

std::string environment_value(const std::string& name) {
  if (std::ranges::find(environment_variables(), name, &EnvironmentVariable::name) ==
      environment_variables().end())
    throw std::logic_error("environment_value: " + name + " is not in environment_variables()");
  return value_here(name).value_or("");
}

std::optional<std::int64_t> environment_integer(const std::string& name, std::string& problem) {
  const std::string text = environment_value(name);
  if (text.empty()) return std::nullopt;
  std::int64_t value = 0;
  const char* end_of_text = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), end_of_text, value);
  if (error == std::errc{} && end == end_of_text && value > 0) return value;
  problem = fmt::format("{} = \"{}\" is not an integer >= 1 and is ignored", name, text);
  return std::nullopt;
}

std::string whole_environment() {
  std::string variables;
  for (char** variable = environ; *variable != nullptr; ++variable)
    (variables += *variable) += '\0';
  return variables;
}

void set_path_environment(const std::string& variables) {
  path_environment = variables;
}

std::optional<std::string> path_variable(const std::string& name) {
  if (!path_environment) return value_here(name);
  std::istringstream variables(*path_environment);
  for (std::string variable; std::getline(variables, variable, '\0');)
    if (variable.starts_with(name + "=") && variable.size() > name.size() + 1)
      return variable.substr(name.size() + 1);
  return std::nullopt;
}

}  // namespace jpo
