#pragma once
// The constant arrays of the Kuramoto-Sivashinsky model, in one memory space: factors of the
// implicit operators, the forcing G and the matrix of the initial state.

#include <vector>

#include "lanes/cyclic_band_lu.hpp"
#include "models/kuramoto_sivashinsky/physics.hpp"

namespace jpo::kuramoto_sivashinsky {

template <class S>
class SchemeData {
 public:
  /// `start_matrix` [n][n_input] may be empty: u(0) is the input.
  SchemeData(const Grid& grid, const std::vector<double>& start_matrix, MemorySpace space);

  /// Returns the physics, which is valid during the lifetime of this object. Sets start.matrix.
  Physics<S> physics(Start start, const Observed& observed, std::int64_t n_observation) const;

 private:
  Grid grid_;
  CyclicBandLu<S::half_bandwidth> start_;
  CyclicBandLu<S::half_bandwidth> step_;
  KernelArray<double> forcing_, start_matrix_;
};

extern template class SchemeData<SecondOrder>;
extern template class SchemeData<FourthOrder>;

}  // namespace jpo::kuramoto_sivashinsky
