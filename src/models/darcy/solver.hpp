#pragma once
// A batch of Darcy problems in one memory space: solve, adjoint and tangent of all of its blocks.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "lanes/cosine_expansion.hpp"
#include "lanes/lane_cholesky.hpp"
#include "lanes/lanes.hpp"
#include "models/darcy/operator.hpp"
#include "models/forward_model.hpp"

namespace jpo::darcy {

/// The corners of the square of cell centres around a sensor, as offsets in a field, and their
/// shares: bilinear.
struct Sensor {
  std::array<std::int64_t, 4> corner;
  std::array<double, 4> share;
};

/// What the kernels of all calls share. A solve keeps exp(-k), u, and the factor of each problem.
struct Flow {
  DarcyOperator conductance;
  CosineSums expansion;
  LaneCholeskySweeps cholesky;
  const Sensor* sensors;
  std::int64_t n_sensor;
  double* factors;  ///< [block][value][lane]
  double* fields;   ///< exp(-k), then u [block][2][cell][lane]
  BlockScratch scratch;
};

/// The last solve's states stay for adjoint and tangent.
class Solver {
 public:
  /// All data live in `space`.
  Solver(const CosineExpansion::Spectrum& spectrum, std::int64_t n_grid,
         const std::vector<Sensor>& sensors, MemorySpace space);

  /// Memory of a problem of a full block, in bytes.
  double bytes_per_problem() const { return bytes_per_problem_; }

  std::vector<SolveStatus> solve(BatchRows<const double> m, BatchRows<double> y);
  void adjoint(BatchRows<const double> w, BatchRows<double> g);
  void tangent(BatchRows<const double> v, BatchRows<double> dy);

 private:
  void count_bytes();
  void prepare(std::int64_t n_block);

  MemorySpace space_;
  CosineExpansion expansion_;
  KernelArray<Sensor> sensors_;
  std::optional<LaneCholesky> cholesky_;  ///< from the first solve on, or sooner
  LaneBuffer factors_, fields_, checks_;
  ScratchBuffer scratch_;
  Flow flow_{};
  double bytes_per_problem_ = 0.0;
  std::int64_t n_solved_ = 0;
};

}  // namespace jpo::darcy
