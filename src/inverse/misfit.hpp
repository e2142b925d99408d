#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "core/device/batch_rows.hpp"
#include "core/device/space_array.hpp"
#include "core/parameter_space.hpp"
#include "core/settings.hpp"

namespace jpo {

/// [misfit] of the deck: L = 0.5 sum ((F - y) / residual_scale)^2
///                         + 0.5 prior_weight sum ((m - centre) / scale)^2.
struct MisfitSettings : Settings {
  double residual_scale = 1.0;
  double prior_weight = 0.0;
  void describe(KeyTable& table) override;
};

/// L and its derivatives for one problem, in one memory space.
struct MisfitTerms {
  double residual_weight;
  double largest_weight;
  std::int64_t n_observed;
  double prior_weight;
  const double* centre;
  const double* scale;

  /// Returns L and sets w = dL/dF [n_observation] for the adjoint. NaN and Inf are propagated.
  JPO_KERNEL double value(std::span<const double> prediction, std::span<const double> observation,
                          std::span<const double> m, std::span<double> w) const;
  /// Returns `loss` plus the prior part of L.
  JPO_KERNEL double add_prior(double loss, std::span<const double> m) const;
  /// Adds the prior part of dL/dm to g.
  JPO_KERNEL void add_prior_gradient(std::span<const double> m, std::span<double> g) const;
};

/// Not collective.
class Misfit {
 public:
  /// `space`: memory space of the batches. Refers to `parameters`.
  Misfit(const MisfitSettings& settings, const ParameterSpace& parameters,
         MemorySpace space = MemorySpace::host);

  /// Sets loss[k] and w.row(k) = dL/dF from prediction.row(k), observation.row(rows[k]) and
  /// m.row(k), for k = 0 .. rows.size()-1. All batches are in the memory space of the misfit; loss
  /// is on the host.
  void evaluate(const Batch& prediction, const Batch& observation, const RowList& rows,
                const Batch& m, Batch& w, std::span<double> loss);
  /// Adds the prior part of dL/dm at m.row(k) to g.row(k), for all rows of g. Sets is_finite[k] on
  /// the host: 1 if the resulting row is finite, else 0.
  void finish_gradient(const Batch& m, Batch& g, std::span<std::uint8_t> is_finite);

  /// Evaluates one problem on the host.
  double value(std::span<const double> prediction, std::span<const double> observation,
               std::span<const double> m, std::span<double> w) const {
    return terms(MemorySpace::host).value(prediction, observation, m, w);
  }
  /// Returns the prior part of L, on the host.
  double prior_part(std::span<const double> m) const {
    return terms(MemorySpace::host).add_prior(0.0, m);
  }
  void add_prior_gradient(std::span<const double> m, std::span<double> g) const {
    terms(MemorySpace::host).add_prior_gradient(m, g);
  }

  /// From now on only the first n components of y are used; w is 0 for the others.
  void observe_components(std::int64_t n) { n_observed_ = n; }
  /// From now on |w| is at most that of a residual of this many residual scales: the gradient of
  /// Huber's loss. L itself is unchanged.
  void limit_residuals(double scales);
  /// Returns d2L/dF2, which is the same for each observed component.
  double residual_curvature() const { return residual_weight_; }
  /// Returns d2L/dm_k2 of the prior part.
  double prior_curvature(std::size_t k) const {
    return prior_weight_ / (parameters_.scale[k] * parameters_.scale[k]);
  }

 private:
  MisfitTerms terms(MemorySpace space) const;

  double residual_weight_;
  double largest_weight_ = std::numeric_limits<double>::infinity();
  std::int64_t n_observed_ = std::numeric_limits<std::int64_t>::max();
  double prior_weight_;
  const ParameterSpace& parameters_;
  MemorySpace space_;
  /// Copies in the memory space of the batches.
  KernelArray<double> centre_, scale_;
  GrowingArray<double> loss_;
  GrowingArray<std::uint8_t> is_finite_;
};

}  // namespace jpo
