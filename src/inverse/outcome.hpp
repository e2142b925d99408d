#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace jpo {

/// Outcome of one evaluation of one problem.
enum class Outcome : std::uint8_t {
  ok,
  solve_diverged,
  solver_failed,
  misfit_not_finite,
  gradient_not_finite,
  /// Left out by the deck's [fault] section.
  masked,
};

inline std::string_view outcome_name(Outcome outcome) {
  constexpr std::array<std::string_view, 6> names = {
      "ok",    "solve_diverged", "solver_failed", "misfit_not_finite", "gradient_not_finite",
      "masked"};
  return names[static_cast<std::size_t>(outcome)];
}

}  // namespace jpo
