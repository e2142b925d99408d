#pragma once
// A batch of problems through the time steps of the Navier-Stokes model (see navier_stokes.cpp), in
// one memory space: solve, adjoint and tangent of all of its blocks.

#include <cstdint>
#include <vector>

#include "lanes/lanes.hpp"
#include "models/navier_stokes/projection.hpp"
#include "models/navier_stokes/start.hpp"
#include "models/navier_stokes/sweeps.hpp"

namespace jpo::navier_stokes {

/// What the kernels of all calls share.
struct Flow {
  Scheme scheme;
  UpperHalf upper_half;
  Impulse impulse;
  double* records;     ///< [block][record]
  double* parameters;  ///< [block][3][lane]
  BlockScratch scratch;
};

/// What is known of a problem's start, and seen of its end.
struct Ends {
  std::int64_t finer;  ///< cells of the grid for one of c and y, in each direction
  double impulse_height;
  double impulse_width;
};

/// The last solve's states stay for adjoint, tangent and row_of_v.
class Steps {
 public:
  /// All data live in `space`.
  Steps(const Grid& grid, const Checkpoints& checkpoints, const Ends& ends, MemorySpace space);

  const Grid& grid() const { return flow_.scheme.grid; }
  const Checkpoints& checkpoints() const { return flow_.scheme.checkpoints; }
  /// Memory of a problem of a full block, in bytes.
  double bytes_per_problem() const;

  /// Returns one value a problem, finite where the states are.
  std::vector<double> solve(BatchRows<const double> c, BatchRows<const double> m,
                            BatchRows<double> y);
  void adjoint(BatchRows<const double> w, BatchRows<double> g);
  void tangent(BatchRows<const double> v, BatchRows<double> dy);
  /// v(., j) of a problem after step t, which the checkpoints keep [n], on the host.
  std::vector<double> row_of_v(std::int64_t problem, std::int64_t t, std::int64_t j) const;

 private:
  MemorySpace space_;
  Projector projector_;
  KernelArray<double> impulse_rows_;
  LaneBuffer records_, parameters_, flags_;
  ScratchBuffer scratch_;
  Flow flow_;
  std::int64_t n_solved_ = 0;
};

}  // namespace jpo::navier_stokes
