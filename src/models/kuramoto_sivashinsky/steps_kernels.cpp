#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

#include <petscmat.h>

#include "core/checks.hpp"
#include "core/handle.hpp"
#include "lanes/cyclic_band_lu.hpp"
#include "models/kuramoto_sivashinsky/steps.hpp"
#include "models/kuramoto_sivashinsky/sweeps.hpp"

namespace jpo::kuramoto_sivashinsky {
namespace {

using MatHandle = Handle<Mat, MatDestroy>;

// B on the periodic grid, assembled in PETSc.
template <class S>
MatHandle step_operator(const Grid& grid, double mass) {
  constexpr int width = 2 * S::half_bandwidth + 1;
  const double d2 = 1.0 / (grid.dx() * grid.dx());
  const double d4 = d2 * d2;
  MatHandle matrix;
  const auto n = static_cast<PetscInt>(grid.n);
  PETSC(MatCreateSeqAIJ(PETSC_COMM_SELF, n, n, width, nullptr, matrix.put()));
  for (PetscInt i = 0; i < n; ++i) {
    std::array<PetscInt, width> columns{};
    std::array<PetscScalar, width> row{};
    for (PetscInt d = -S::half_bandwidth; d <= S::half_bandwidth; ++d) {
      const auto k = static_cast<std::size_t>(std::abs(d));
      const PetscInt place = d + S::half_bandwidth;
      columns[static_cast<std::size_t>(place)] = (i + d + n) % n;
      row[static_cast<std::size_t>(place)] =
          (d == 0 ? mass : 0.0) + S::theta * grid.dt * (S::second[k] * d2 + S::fourth[k] * d4);
    }
    PETSC(MatSetValues(matrix.get(), 1, &i, width, columns.data(), row.data(), INSERT_VALUES));
  }
  PETSC(MatAssemblyBegin(matrix.get(), MAT_FINAL_ASSEMBLY));
  PETSC(MatAssemblyEnd(matrix.get(), MAT_FINAL_ASSEMBLY));
  return matrix;
}

std::vector<double> forcing(const Grid& grid) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < grid.n; ++i)
    values.push_back(
        std::cos(4.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(grid.n)));
  return values;
}

// What the kernels of all calls share.
template <class S>
struct Flow {
  Sweeps<S> sweeps;
  Unknowns unknowns;
  Observed observed;
  double* states;      ///< [block][step][n][lane]
  double* parameters;  ///< [block][n_parameter][lane]
  BlockScratch scratch;

  JPO_KERNEL std::int64_t block_size() const { return sweeps.block_size(); }
  JPO_KERNEL std::int64_t trajectory_size() const {
    return (sweeps.grid.n_step + 1) * block_size();
  }
  JPO_KERNEL double* states_of(std::int64_t block) const {
    return states + block * trajectory_size();
  }
  JPO_KERNEL double* parameters_of(std::int64_t block) const {
    return parameters + block * unknowns.n_parameter * n_lane;
  }
  // Of the sweeps, then values on the grid or of the unknowns, then those of the observation.
  JPO_KERNEL double* scratch_of(std::int64_t block) const { return scratch.of(block); }
  JPO_KERNEL double* input_of(std::int64_t block) const {
    return scratch_of(block) + sweeps.scratch_size();
  }
  JPO_KERNEL std::int64_t input_size() const {
    const std::int64_t n = sweeps.grid.n;
    return (unknowns.n_start + unknowns.n_parameter + n) * n_lane;
  }
  JPO_KERNEL double* output_of(std::int64_t block) const { return input_of(block) + input_size(); }
  JPO_KERNEL Coefficients coefficients(std::int64_t block) const {
    if (unknowns.in_start) return {lanes_of(0.0), lanes_of(1.0)};
    const double* m = parameters_of(block);
    return {load(m), load(m + n_lane)};
  }
  JPO_KERNEL void start_state(const double* input, double* u) const {
    const std::int64_t n_start = unknowns.n_start;
    for (std::int64_t i = 0; i < sweeps.grid.n; ++i) {
      if (unknowns.start_matrix == nullptr) {
        store(u + i * n_lane, load(input + i * n_lane));
        continue;
      }
      Lanes sum = lanes_of(0.0);
      for (std::int64_t k = 0; k < n_start; ++k)
        sum = sum + unknowns.start_matrix[i * n_start + k] * load(input + k * n_lane);
      store(u + i * n_lane, sum);
    }
  }
  JPO_KERNEL void pull_start_state(const double* lambda, double* input) const {
    const std::int64_t n_start = unknowns.n_start;
    for (std::int64_t k = 0; k < n_start; ++k) {
      Lanes sum = lanes_of(0.0);
      for (std::int64_t i = 0; i < sweeps.grid.n; ++i)
        sum = sum + unknowns.start_matrix[i * n_start + k] * load(lambda + i * n_lane);
      store(input + k * n_lane, sum);
    }
  }
  // Beyond what is observed: 0.
  JPO_KERNEL void observe(const double* from, std::int64_t n_output, double* output) const {
    observed.read(from, output);
    for (std::int64_t k = observed.n_channel * observed.n_point; k < n_output; ++k)
      store(output + k * n_lane, lanes_of(0.0));
  }
};

template <class S>
struct SolveKernel {
  Flow<S> flow;
  BatchRows<const double> c, m;
  BatchRows<double> y;
  double* flags;  ///< [block][lane]
  JPO_KERNEL void operator()(std::int64_t block) const {
    double* parameters = flow.parameters_of(block);
    double* input = flow.input_of(block);
    double* output = flow.output_of(block);
    double* states = flow.states_of(block);
    load_block(m, block, parameters);
    if (!flow.unknowns.in_start) load_block(c, block, input);
    flow.start_state(flow.unknowns.in_start ? parameters : input, states);
    const std::int64_t n_step = flow.observed.last_step();
    flow.sweeps.forward(flow.coefficients(block), n_step, states, flow.scratch_of(block));
    flow.observe(states, y.n_component(), output);
    store_block(output, block, y);
    // A state that is not finite stays so: it is enough to look at the last one.
    const double* last = states + n_step * flow.block_size();
    Lanes sum = lanes_of(0.0);
    for (std::int64_t i = 0; i < flow.sweeps.grid.n; ++i) sum = sum + 0.0 * load(last + i * n_lane);
    store(flags + block * n_lane, sum);
  }
};

template <class S>
struct AdjointKernel {
  Flow<S> flow;
  BatchRows<const double> w;
  BatchRows<double> g;
  JPO_KERNEL void operator()(std::int64_t block) const {
    double* output = flow.output_of(block);
    double* initial = flow.input_of(block);
    double* result = initial + flow.block_size();
    load_block(w, block, output);
    const Coefficients gradient =
        flow.sweeps.adjoint(flow.coefficients(block), flow.states_of(block),
                            {flow.observed, output}, initial, flow.scratch_of(block));
    if (flow.unknowns.in_start) {
      flow.pull_start_state(initial, result);
    } else {
      store(result, gradient.alpha);
      store(result + n_lane, gradient.beta);
    }
    store_block(result, block, g);
  }
};

template <class S>
struct TangentKernel {
  Flow<S> flow;
  BatchRows<const double> v;
  BatchRows<double> dy;
  BlockScratch tangents;  ///< [step][n][lane]
  JPO_KERNEL void operator()(std::int64_t block) const {
    double* along = flow.input_of(block);
    double* output = flow.output_of(block);
    double* states = tangents.of(block);
    load_block(v, block, along);
    Coefficients dm{lanes_of(0.0), lanes_of(0.0)};
    if (flow.unknowns.in_start) {
      flow.start_state(along, states);
    } else {
      dm = {load(along), load(along + n_lane)};
      clear_lanes(states, flow.block_size());
    }
    flow.sweeps.tangent(flow.coefficients(block), flow.states_of(block),
                        {dm, flow.observed.last_step()}, states, flow.scratch_of(block));
    flow.observe(states, dy.n_component(), output);
    store_block(output, block, dy);
  }
};

template <class S>
class SchemeSteps final : public Steps {
 public:
  SchemeSteps(const Grid& grid, const Unknowns& unknowns, const std::vector<double>& start_matrix,
              MemorySpace space)
      : space_(space),
        start_(step_operator<S>(grid, S::first_mass).get(), space),
        step_(step_operator<S>(grid, S::mass).get(), space),
        forcing_(space, forcing(grid)),
        start_matrix_(space, start_matrix),
        states_(space),
        parameters_(space),
        flags_(space),
        scratch_(space),
        tangents_(space) {
    flow_.sweeps = {grid, start_.sweeps(), step_.sweeps(), S::flux / grid.dx(), forcing_.data()};
    flow_.unknowns = unknowns;
    flow_.unknowns.start_matrix = start_matrix.empty() ? nullptr : start_matrix_.data();
  }

  std::vector<double> solve(const Observed& observed, BatchRows<const double> c,
                            BatchRows<const double> m, BatchRows<double> y) override {
    const std::int64_t n_block = n_block_of(m.n_problem());
    flow_.observed = observed;
    states_.reserve(n_block * flow_.trajectory_size());
    parameters_.reserve(n_block * m.n_component() * n_lane);
    flags_.reserve(n_block * n_lane);
    const std::int64_t scratch =
        flow_.sweeps.scratch_size() + flow_.input_size() + y.n_component() * n_lane;
    flow_.states = states_.data();
    flow_.parameters = parameters_.data();
    flow_.scratch = scratch_.reserve(n_block, scratch);
    n_solved_ = m.n_problem();
    launch(space_, n_block, SolveKernel<S>{flow_, c, m, y, flags_.data()});
    return flags_.read(0, m.n_problem());
  }

  void adjoint(BatchRows<const double> w, BatchRows<double> g) override {
    check_count(g.n_problem());
    launch(space_, n_block_of(n_solved_), AdjointKernel<S>{flow_, w, g});
  }

  void tangent(BatchRows<const double> v, BatchRows<double> dy) override {
    check_count(v.n_problem());
    const std::int64_t n_block = n_block_of(n_solved_);
    const BlockScratch tangents = tangents_.reserve(n_block, flow_.trajectory_size());
    launch(space_, n_block, TangentKernel<S>{flow_, v, dy, tangents});
  }

  std::vector<double> state(std::int64_t problem, std::int64_t t) const override {
    const std::int64_t block = problem / n_lane;
    const std::vector<double> lanes =
        states_.read(block * flow_.trajectory_size() + t * flow_.block_size(), flow_.block_size());
    std::vector<double> result;
    for (std::int64_t i = 0; i < flow_.sweeps.grid.n; ++i)
      result.push_back(lanes[static_cast<std::size_t>(i * n_lane + problem % n_lane)]);
    return result;
  }

 private:
  void check_count(std::int64_t n) const {
    if (n != n_solved_) throw std::logic_error("not the problems of the last solve");
  }

  MemorySpace space_;
  CyclicBandLu<S::half_bandwidth> start_;
  CyclicBandLu<S::half_bandwidth> step_;
  KernelArray<double> forcing_, start_matrix_;
  LaneBuffer states_, parameters_, flags_;
  ScratchBuffer scratch_, tangents_;
  Flow<S> flow_{};
  std::int64_t n_solved_ = 0;
};

}  // namespace

std::unique_ptr<Steps> make_steps(const Grid& grid, Unknowns unknowns,
                                  const std::vector<double>& start_matrix, MemorySpace space) {
  if (grid.scheme == Scheme::second_order)
    return std::make_unique<SchemeSteps<SecondOrder>>(grid, unknowns, start_matrix, space);
  return std::make_unique<SchemeSteps<FourthOrder>>(grid, unknowns, start_matrix, space);
}

}  // namespace jpo::kuramoto_sivashinsky
