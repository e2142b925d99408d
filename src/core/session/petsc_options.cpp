#include "core/session/petsc_options.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <petscsys.h>
#include <petscviewer.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/errors.hpp"
#include "core/session/environment.hpp"

namespace jpo {
namespace {

std::string stored_environment;
std::vector<std::string> removed_variables;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Options whose value names a viewer.
bool has_viewer(std::string_view option) {
  return option.ends_with("_view") || contains(option, "_view_") ||
         option.ends_with("_converged_reason");
}

bool only_shows(std::string_view option) {
  return has_viewer(option) || contains(option, "_monitor") || option == "info" ||
         option == "log_trace";
}

bool is_false(const std::string& value) {
  return value == "false" || value == "0" || value == "no";
}

bool is_true(const std::string& value) {
  return value == "true" || value == "1" || value == "yes";
}

// An unknown viewer would be an error of the solve that uses it first. Values are
// TYPE:FILE:FORMAT:MODE; log_view also has formats without a type.
void check_viewer(const std::string& option, const std::string& value) {
  constexpr std::array types = {"",     "ascii", "binary", "draw",  "socket",  "matlab",
                                "saws", "vtk",   "hdf5",   "glvis", "exodusii"};
  std::vector<std::string> parts;
  std::istringstream text(value);
  for (std::string part; std::getline(text, part, ':');) parts.push_back(part);
  const auto refuse = [&](const std::string& allowed) {
    throw BadInput(fmt::format("key 'petsc.{}' = \"{}\": PETSc has no such viewer; allowed: {}",
                               option, value, allowed));
  };
  if (!parts.empty() && std::ranges::find(types, parts[0]) == types.end())
    refuse(fmt::format("true, false, TYPE:FILE:FORMAT with one of the types {}",
                       fmt::join(types.begin() + 1, types.end(), ", ")));
  if (parts.size() < 3 || parts[2].empty()) return;
  PetscEnum format{};
  PetscBool found = PETSC_FALSE;
  PETSC(PetscEnumFind(PetscViewerFormats, parts[2].c_str(), &format, &found));
  if (found == PETSC_FALSE) refuse("a format such as ascii_info, ascii_info_detail, ascii_matlab");
}

bool is_in_database(const char* option) {
  PetscBool is_set = PETSC_FALSE;
  PETSC(PetscOptionsHasName(nullptr, nullptr, option, &is_set));
  return is_set == PETSC_TRUE;
}

}  // namespace

PetscOptionsScope::PetscOptionsScope(const PetscOptions& options) {
  for (const auto& [option, value] : options)
    if (has_viewer(option) && !is_true(value) && !is_false(value)) check_viewer(option, value);
  for (const auto& [option, value] : options) {
    if (only_shows(option) && is_false(value)) continue;
    set("-" + option, only_shows(option) && is_true(value) ? "" : value);
  }
  start_logging();
}

void PetscOptionsScope::set(const std::string& option, const std::string& value) {
  const char* before = nullptr;
  PetscBool is_set = PETSC_FALSE;
  PETSC(PetscOptionsFindPair(nullptr, nullptr, option.c_str(), &before, &is_set));
  earlier_.emplace_back(option, std::nullopt);
  if (is_set == PETSC_TRUE) earlier_.back().second = before != nullptr ? before : "";
  PETSC(PetscOptionsSetValue(nullptr, option.c_str(), value.empty() ? nullptr : value.c_str()));
}

PetscOptionsScope::~PetscOptionsScope() {
  for (const auto& [name, value] : earlier_) {
    PetscOptionsClearValue(nullptr, name.c_str());
    if (value) PetscOptionsSetValue(nullptr, name.c_str(), value->c_str());
  }
}

void PetscOptionsScope::start_logging() const {
  const auto has = [&](const char* option) {
    return std::ranges::find(earlier_, option, [](const auto& entry) { return entry.first; }) !=
           earlier_.end();
  };
  if (has("-log_view") && is_in_database("-log_view")) PETSC(PetscLogDefaultBegin());
  if (has("-log_trace") && is_in_database("-log_trace")) PETSC(PetscLogTraceBegin(stdout));
  if (!has("-info") || !is_in_database("-info")) return;
  PETSC(PetscInfoSetFile(nullptr, nullptr));
  PETSC(PetscInfoAllow(PETSC_TRUE));
}

void PetscOptionsScope::view_log() const {
  if (is_in_database("-log_view")) PETSC(PetscLogViewFromOptions());
}

std::vector<std::string> unused_petsc_options(const PetscOptions& options, MPI_Comm comm) {
  std::vector<double> uses;
  for (const auto& [option, value] : options) {
    PetscBool used = PETSC_FALSE;
    PETSC(PetscOptionsUsed(nullptr, option.c_str(), &used));
    const bool is_off = only_shows(option) && is_false(value);
    uses.push_back(used == PETSC_TRUE || is_off ? 1.0 : 0.0);
  }
  MPI_OK(MPI_Allreduce(MPI_IN_PLACE, uses.data(), static_cast<int>(uses.size()), MPI_DOUBLE,
                       MPI_MAX, comm));
  std::vector<std::string> unused;
  for (std::size_t k = 0; k < uses.size(); ++k)
    if (uses[k] == 0.0) unused.push_back(options[k].first);
  return unused;
}

void take_petsc_environment() {
  for (const char* name : {"PETSC_OPTIONS", "PETSC_OPTIONS_YAML"}) {
    const std::string value = environment_value(name);
    if (value.empty()) continue;
    removed_variables.emplace_back(name);
    if (std::string_view(name) == "PETSC_OPTIONS") stored_environment = value;
    unsetenv(name);
  }
}

PetscOptions petsc_environment(MPI_Comm comm) {
  auto size = static_cast<int>(stored_environment.size());
  MPI_OK(MPI_Bcast(&size, 1, MPI_INT, 0, comm));
  std::string text = stored_environment;
  text.resize(static_cast<std::size_t>(size));
  MPI_OK(MPI_Bcast(text.data(), size, MPI_CHAR, 0, comm));
  PetscOptions options;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const bool is_option =
        word.size() > 1 && word[0] == '-' && std::isalpha(static_cast<unsigned char>(word[1])) != 0;
    if (is_option)
      options.emplace_back(word.substr(1), "");
    else if (options.empty() || !options.back().second.empty())
      throw BadInput(fmt::format(
          "PETSC_OPTIONS = \"{}\": '{}' belongs to no option; allowed: -option value ...", text,
          word));
    else
      options.back().second = word;
  }
  return options;
}

const std::vector<std::string>& removed_petsc_variables() {
  return removed_variables;
}

}  // namespace jpo
