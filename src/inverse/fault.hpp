#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/device/state_archive.hpp"
#include "core/settings.hpp"
#include "models/forward_model.hpp"

namespace jpo {

/// [fault] of the deck: a test switch that makes chosen problems fail on purpose.
struct FaultSettings : Settings {
  std::vector<std::int64_t> problems;  ///< global ids; empty: no faults
  std::string kind = "blow_up";        ///< blow_up | not_finite | petsc_error | slow | mask
  std::int64_t first_evaluation = 0;   ///< counted per problem and method
  std::int64_t last_evaluation = 1'000'000'000;
  double slow_seconds = 0.05;
  void describe(KeyTable& table) override;
  void check() const override;
};

enum class Fault : std::uint8_t { none, blow_up, not_finite, petsc_error, slow, mask };

/// Which fault meets a problem at its n-th evaluation of the current method. Keeps the counts.
class FaultPlan {
 public:
  FaultPlan(const FaultSettings& settings, std::int64_t first_id, std::int64_t n_problem);
  /// Counts this evaluation of local problem `row`.
  Fault next(std::int64_t row);
  /// Before the solve of a problem: blow_up spoils m, slow takes its time.
  void meet_before(Fault fault, std::span<double> m) const;
  /// After it: not_finite spoils y, petsc_error is one of PETSc's own, caught as a model's would
  /// be.
  static void meet_after(Fault fault, std::span<double> y, SolveStatus& status);
  void archive(StateArchive& archive, const std::string& name) {
    archive.by_problem(name + "/n_evaluation", evaluation_);
  }

 private:
  bool active_;
  Fault kind_;
  double slow_seconds_;
  std::int64_t first_evaluation_;
  std::int64_t last_evaluation_;
  std::vector<std::uint8_t> chosen_;      ///< [n_problem]
  std::vector<std::int64_t> evaluation_;  ///< [n_problem]
};

}  // namespace jpo
