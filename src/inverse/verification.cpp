#include "inverse/verification.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "core/dot.hpp"
#include "core/errors.hpp"
#include "core/hash.hpp"
#include "core/random.hpp"
#include "inverse/objective.hpp"

namespace jpo {
namespace {

constexpr double kTaylorOrder = 1.9;
constexpr double kDotTolerance = 1e-10;
// Of the differences, which round-off and kinks spoil.
constexpr double kParameterTolerance = 1e-4;
constexpr std::size_t kMostParameters = 256;
constexpr std::array<double, 4> kAt = {-2.0, -1.0, 1.0, 2.0};
constexpr std::array<double, 4> kWeight = {1.0 / 12.0, -2.0 / 3.0, 2.0 / 3.0, -1.0 / 12.0};
constexpr int kFirstHalving = 6;
// Close to a kink of F only small steps have the second order.
constexpr int kLastHalving = 26;

std::vector<std::int64_t> all_rows(std::int64_t n) {
  std::vector<std::int64_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

// Problems of the model, and a point m at a distance from the truth.
struct Probe {
  Probe(ForwardModel& model_in, const VerifyOptions& options_in)
      : model(model_in),
        options(options_in),
        n(options.n_problem),
        c(n, model.shape().context.size(), model.shape().space),
        truth(n, model.shape().parameters.size(), model.shape().space),
        m(n, model.shape().parameters.size(), model.shape().space),
        y(n, model.shape().observation.size(), model.shape().space),
        direction(n, model.shape().parameters.size(), model.shape().space),
        status(n) {
    {
      const auto c_rows = c.write();
      const auto truth_rows = truth.write();
      for (std::int64_t row = 0; row < n; ++row)
        model.sample(stream_seed(options.seed, "verify", "", row), c_rows.row(row),
                     truth_rows.row(row));
    }
    model.solve(c, truth, y, status);
    move_from_truth();
  }

  // Sets m near the truth, and a random direction in units of the scale of the parameters.
  void move_from_truth() {
    const auto& scale = model.shape().parameters.scale;
    const auto from = truth.read();
    const auto to = m.write();
    const auto along = direction.write();
    RandomStream stream(stream_seed(options.seed, "verify point", "", 0));
    for (std::int64_t row = 0; row < n; ++row)
      for (std::size_t k = 0; k < scale.size(); ++k) {
        to.row(row)[k] = from.row(row)[k] + 0.05 * scale[k] * stream.normal();
        along.row(row)[k] = scale[k] * stream.normal();
      }
  }

  Batch like(const Batch& batch) const { return {n, batch.n_component(), batch.space()}; }
  Objective objective() { return {model, {c, y, 0}, options.misfit, {}, n, timer}; }

  ForwardModel& model;
  const VerifyOptions& options;
  std::int64_t n;
  Batch c, truth, m, y, direction;
  std::vector<SolveStatus> status;
  PhaseTimer timer;
};

Batch moved(const Batch& m, const Batch& direction, double step) {
  Batch result = m.copy();
  const auto to = result.write();
  const auto along = direction.read();
  for (std::size_t k = 0; k < to.values().size(); ++k) to.values()[k] += step * along.values()[k];
  return result;
}

double sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// r(eps) = |L(m + eps d) - L(m) - eps g.d|, summed over the problems.
CheckRow check_taylor(Probe& probe) {
  Objective objective = probe.objective();
  Ledger ledger(probe.n);
  Evaluation at_m(probe.n, probe.m.n_component());
  Evaluation at_step(probe.n, probe.m.n_component());
  const auto rows = all_rows(probe.n);
  objective.evaluate(rows, probe.m, ledger, at_m);
  std::vector<double> slope;
  for (std::int64_t row = 0; row < probe.n; ++row)
    slope.push_back(probe.options.gradient_factor *
                    dot(at_m.gradient.read().row(row), probe.direction.read().row(row)));
  std::vector<double> steps, remainders;
  for (int k = kFirstHalving; k <= kLastHalving; ++k) {
    const double step = std::ldexp(1.0, -k);
    objective.evaluate_loss(rows, moved(probe.m, probe.direction, step), ledger, at_step);
    double remainder = 0.0;
    for (std::size_t row = 0; row < slope.size(); ++row)
      remainder += std::abs(at_step.loss[row] - at_m.loss[row] - step * slope[row]);
    steps.push_back(step);
    remainders.push_back(remainder);
  }
  return taylor_row("misfit gradient: Taylor order", steps, remainders, sum(at_m.loss),
                    kTaylorOrder);
}

// F'v by central differences of fourth order, for models without a tangent.
Batch difference_quotient(Probe& probe, double step) {
  Batch result = probe.like(probe.y);
  result.fill(0.0);
  Batch y = probe.like(probe.y);
  for (std::size_t k = 0; k < kAt.size(); ++k) {
    probe.model.solve(probe.c, moved(probe.m, probe.direction, kAt[k] * step), y, probe.status);
    const auto from = y.read();
    const auto to = result.write();
    for (std::size_t j = 0; j < to.values().size(); ++j)
      to.values()[j] += kWeight[k] / step * from.values()[j];
  }
  return result;
}

CheckRow check_dot_product(Probe& probe) {
  const bool has_tangent = probe.model.shape().has_tangent;
  Batch dy = has_tangent ? probe.like(probe.y) : difference_quotient(probe, 1e-3);
  Batch y = probe.like(probe.y);
  probe.model.solve(probe.c, probe.m, y, probe.status);
  if (has_tangent) probe.model.tangent(probe.direction, dy);
  Batch w = probe.like(probe.y);
  Batch g = probe.like(probe.m);
  RandomStream stream(stream_seed(probe.options.seed, "verify weights", "", 0));
  {
    const auto rows = w.write();
    for (double& value : rows.values()) value = stream.normal();
  }
  probe.model.adjoint(w, g);
  double worst = 0.0;
  for (std::int64_t row = 0; row < probe.n; ++row) {
    const double left = dot(dy.read().row(row), w.read().row(row));
    const double right =
        probe.options.gradient_factor * dot(probe.direction.read().row(row), g.read().row(row));
    // The error is relative to |F'v| |w|, because the product itself can cancel.
    const double size = std::sqrt(dot(dy.read().row(row), dy.read().row(row)) *
                                  dot(w.read().row(row), w.read().row(row)));
    // For a flat F both sides must be 0; anything else is an infinite error.
    const double error = left == right ? 0.0 : std::abs(left - right) / size;
    // True for a NaN, which is kept.
    if (!(error <= worst)) worst = error;
    if (std::isnan(worst)) break;
  }
  const double limit = has_tangent ? kDotTolerance : 1e-6;
  return {"dot products <F'v, w> = <v, F'^T w>: largest error", worst, limit, worst <= limit, {}};
}

// Derivative of the misfit of one problem by one parameter, in units of its scale.
struct Derivative {
  std::size_t parameter;
  double adjoint, quotient;
  double mismatch = 0.0;
};

// Computes the derivatives of problem `row` by the chosen parameters from central differences of
// fourth order with this step, in units of the scale.
std::vector<Derivative> quotients(Probe& probe, std::int64_t row,
                                  std::span<const std::size_t> chosen, double step) {
  const auto& scale = probe.model.shape().parameters.scale;
  const auto n = static_cast<std::int64_t>(kAt.size() * chosen.size());
  Batch m(n, probe.m.n_component(), probe.m.space());
  {
    const auto from = probe.m.read();
    const auto to = m.write();
    for (std::int64_t k = 0; k < n; ++k) {
      std::ranges::copy(from.row(row), to.row(k).begin());
      const std::size_t j = chosen[static_cast<std::size_t>(k) / kAt.size()];
      to.row(k)[j] += kAt[static_cast<std::size_t>(k) % kAt.size()] * step * scale[j];
    }
  }
  Objective objective = probe.objective();
  Ledger ledger(probe.n);
  Evaluation evaluation(n, probe.m.n_component());
  objective.evaluate_loss(std::vector<std::int64_t>(n, row), m, ledger, evaluation);
  std::vector<Derivative> derivatives;
  for (std::size_t k = 0; k < chosen.size(); ++k) {
    derivatives.push_back({chosen[k], 0.0, 0.0});
    for (std::size_t q = 0; q < kAt.size(); ++q)
      derivatives.back().quotient += kWeight[q] / step * evaluation.loss[k * kAt.size() + q];
  }
  return derivatives;
}

// At most kMostParameters parameters, evenly spaced.
std::vector<std::size_t> chosen_parameters(std::size_t n) {
  const std::size_t n_chosen = std::min(n, kMostParameters);
  std::vector<std::size_t> chosen;
  for (std::size_t k = 0; k < n_chosen; ++k) chosen.push_back(k * n / n_chosen);
  return chosen;
}

// The mismatch is relative to the root mean square of the adjoint's derivatives of the problem, or
// to 1e-6 of its loss (rounding errors of the quotients). The better of two steps counts.
std::vector<Derivative> compare_derivatives(Probe& probe, std::int64_t row, double loss,
                                            std::span<const double> gradient) {
  const auto& scale = probe.model.shape().parameters.scale;
  const auto chosen = chosen_parameters(scale.size());
  const auto adjoint_of = [&](std::size_t k) {
    return probe.options.gradient_factor * scale[k] * gradient[k];
  };
  double square = 0.0;
  for (const std::size_t k : chosen) square += adjoint_of(k) * adjoint_of(k);
  const double size = std::max(std::sqrt(square / static_cast<double>(chosen.size())), 1e-6 * loss);
  std::vector<Derivative> best;
  for (const double step : {1e-3, 1e-5}) {
    auto derivatives = quotients(probe, row, chosen, step);
    for (Derivative& derivative : derivatives) {
      derivative.adjoint = adjoint_of(derivative.parameter);
      derivative.mismatch = derivative.adjoint == derivative.quotient
                                ? 0.0
                                : std::abs(derivative.adjoint - derivative.quotient) / size;
    }
    if (best.empty()) best = derivatives;
    for (std::size_t k = 0; k < best.size(); ++k)
      if (!(best[k].mismatch <= derivatives[k].mismatch)) best[k] = derivatives[k];
  }
  return best;
}

std::string derivative_line(const Derivative& derivative, const ParameterSpace& space) {
  return fmt::format("{:<20} {:>8} {:>14.6e} {:>14.6e} {:>12.6g} {:>10.2e}",
                     one_line(space.names[derivative.parameter], 20), derivative.parameter,
                     derivative.adjoint, derivative.quotient,
                     derivative.adjoint / derivative.quotient, derivative.mismatch);
}

// The parameters with the largest mismatch, of the problem with the median of the largest
// mismatches: a kink of F close to m spoils the quotients of a single problem.
CheckRow check_parameters(Probe& probe) {
  Objective objective = probe.objective();
  Ledger ledger(probe.n);
  Evaluation at_m(probe.n, probe.m.n_component());
  objective.evaluate(all_rows(probe.n), probe.m, ledger, at_m);
  const auto larger = [](const Derivative& a, const Derivative& b) {
    return !(a.mismatch <= b.mismatch);
  };
  std::vector<std::vector<Derivative>> tables;
  for (std::int64_t row = 0; row < std::min<std::int64_t>(3, probe.n); ++row) {
    tables.push_back(compare_derivatives(probe, row, at_m.loss[static_cast<std::size_t>(row)],
                                         at_m.gradient.read().row(row)));
    std::ranges::stable_sort(
        tables.back(), [&](const auto& a, const auto& b) { return larger(a, b) && !larger(b, a); });
  }
  std::ranges::sort(tables, {}, [](const auto& table) {
    return std::isnan(table[0].mismatch) ? std::numeric_limits<double>::infinity()
                                         : table[0].mismatch;
  });
  const auto& table = tables[tables.size() / 2];
  CheckRow row{"derivative by each parameter: largest mismatch",
               table[0].mismatch,
               kParameterTolerance,
               table[0].mismatch <= kParameterTolerance,
               {fmt::format("{:<20} {:>8} {:>14} {:>14} {:>12} {:>10}", "parameter", "index",
                            "adjoint", "difference", "ratio", "mismatch")}};
  for (std::size_t k = 0; k < std::min<std::size_t>(10, table.size()); ++k)
    row.details.push_back(derivative_line(table[k], probe.model.shape().parameters));
  return row;
}

// Losses and gradients of all problems.
struct Bits {
  std::vector<double> loss;
  std::vector<double> gradient;
  bool operator==(const Bits&) const = default;
};

// Evaluates `rows` in this order, with at most solve_batch problems in a call of the model.
Bits evaluate_rows(Probe& probe, std::span<const std::int64_t> rows, std::int64_t solve_batch,
                   const FaultSettings& faults = {}) {
  Objective objective(probe.model, {probe.c, probe.y, 0}, probe.options.misfit, faults, solve_batch,
                      probe.timer);
  const auto n = std::ssize(rows);
  Batch m = probe.like(probe.m);
  for (std::int64_t k = 0; k < n; ++k)
    std::ranges::copy(probe.m.read().row(rows[k]), m.write().row(k).begin());
  Ledger ledger(probe.n);
  Evaluation evaluation(n, probe.m.n_component());
  objective.evaluate(rows, m, ledger, evaluation);
  // The result is in the order of the problems, so that it does not depend on the order of `rows`.
  Bits bits{std::vector<double>(probe.n), std::vector<double>(probe.n * m.n_component())};
  for (std::int64_t k = 0; k < n; ++k) {
    const std::int64_t row = rows[k];
    bits.loss[row] = evaluation.loss[k];
    std::ranges::copy(evaluation.gradient.read().row(k),
                      bits.gradient.begin() + row * m.n_component());
  }
  return bits;
}

std::int64_t count_different(const Bits& a, const Bits& b, std::int64_t except = -1) {
  const std::size_t width = a.gradient.size() / a.loss.size();
  std::int64_t different = 0;
  for (std::size_t row = 0; row < a.loss.size(); ++row) {
    if (static_cast<std::int64_t>(row) == except) continue;
    const auto bits = [&](const Bits& of) {
      const std::uint64_t loss = hash_values(std::span(&of.loss[row], 1));
      return hash_values(std::span(&of.gradient[row * width], width), loss);
    };
    const bool same = bits(a) == bits(b);
    different += same ? 0 : 1;
  }
  return different;
}

CheckRow count_row(const std::string& name, std::int64_t different) {
  return {name + ": problems with different bits",
          static_cast<double>(different),
          0.0,
          different == 0,
          {}};
}

void add_independence(Probe& probe, std::vector<CheckRow>& table) {
  const auto rows = all_rows(probe.n);
  const Bits together = evaluate_rows(probe, rows, probe.n);
  const auto not_ok = std::ranges::count_if(together.loss, [](double l) { return std::isnan(l); });
  table.push_back(
      {"evaluations that are not ok", static_cast<double>(not_ok), 0.0, not_ok == 0, {}});
  table.push_back(
      count_row("evaluated twice", count_different(together, evaluate_rows(probe, rows, probe.n))));
  table.push_back(
      count_row("alone and in a batch", count_different(together, evaluate_rows(probe, rows, 1))));
  auto permuted = rows;
  std::reverse(permuted.begin(), permuted.end());
  std::rotate(permuted.begin(), permuted.begin() + 3, permuted.end());
  table.push_back(
      count_row("in another order", count_different(together, evaluate_rows(probe, permuted, 7))));
  FaultSettings fault;
  fault.problems = {1};
  table.push_back(
      count_row("beside a diverging problem",
                count_different(together, evaluate_rows(probe, rows, probe.n, fault), 1)));
}

}  // namespace

std::vector<CheckRow> verify_model(ForwardModel& model, const VerifyOptions& options) {
  Probe probe(model, options);
  const auto n_failed = probe.n - std::ranges::count(probe.status, SolveStatus::converged);
  std::vector<CheckRow> table = {{"draws of the prior whose solve fails",
                                  static_cast<double>(n_failed),
                                  0.0,
                                  n_failed == 0,
                                  {}},
                                 check_taylor(probe),
                                 check_parameters(probe),
                                 check_dot_product(probe)};
  add_independence(probe, table);
  return table;
}

CheckRow taylor_row(const std::string& name, std::span<const double> steps,
                    std::span<const double> remainders, double value, double limit) {
  CheckRow row{name, 0.0, limit, false, {}};
  // The remainder is a difference of values: its round-off is relative to |value|.
  const double round_off = 1e-13 * std::abs(value);
  double order = std::numeric_limits<double>::infinity();
  std::vector<double> orders;
  for (std::size_t k = 0; k < steps.size(); ++k) {
    std::string observed = "-";
    if (k > 0 && remainders[k] > 30.0 * round_off) {
      order = std::log2(remainders[k - 1] / remainders[k]) / std::log2(steps[k - 1] / steps[k]);
      orders.push_back(order);
      observed = fmt::format("{:.3f}", order);
    }
    row.details.push_back(fmt::format("step {:9.3e}  remainder {:9.3e}  order {}", steps[k],
                                      remainders[k], observed));
  }
  // The median of the last steps before round-off, at which the order is closest to its limit.
  const std::size_t n_last = std::min<std::size_t>(5, orders.size());
  std::vector<double> last(orders.end() - static_cast<std::ptrdiff_t>(n_last), orders.end());
  std::ranges::sort(last);
  row.value = last.empty() ? 0.0 : last[last.size() / 2];
  row.passed = row.value >= limit;
  return row;
}

}  // namespace jpo
