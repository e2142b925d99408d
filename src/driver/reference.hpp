#pragma once
// The reference misfits, which decide whether an answer is solved.

#include <cstdint>
#include <string>
#include <vector>

#include "deck/deck.hpp"
#include "models/forward_model.hpp"
#include "solving/interruptions.hpp"
#include "solving/method_traits.hpp"

namespace jpo {

class Job;

/// Source of the reference misfit.
enum class ReferenceKind : std::uint8_t { none, truth, solve };

/// Returns the source that data.reference selects for this model.
ReferenceKind reference_kind(const Deck& deck, const ModelShape& shape);
/// Returns the needs of the solves from the truth.
MethodTraits reference_traits(const Deck& deck);
/// Describes it for tables and files.
std::string reference_text(const Deck& deck, const ModelShape& shape);

/// Solves each problem with a known truth from the truth, with TAO and the default options (prefix
/// reference_). Returns the lowest misfits [local problem]; NaN if the truth is not known or the
/// solve failed. The loop of all methods runs it, so it can be interrupted and resumed.
/// Collective.
std::vector<double> solve_from_truth(Job& job, Interruptions& interruptions);

}  // namespace jpo
