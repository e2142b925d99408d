#pragma once
// Momentum fluxes of the Navier-Stokes model in divergence form, central differences of second
// order, and their tangent and adjoint:
//
//   N_u = -(d/dx)(u u - nu u_x) - (d/dy)(u v - nu u_y)
//   N_v = -(d/dx)(u v - nu v_x) - (d/dy)(v v - nu v_y)
//
// The fluxes u u - nu u_x and v v - nu v_y are at the centres of cells, the others at corners. The
// sum of a face has contributions of the two cells and the two corners beside it. The function
// sweep() computes the sums of N, of its tangent and of its adjoint. If a velocity is discretely
// divergence-free, convection does no work: <u, N> = -nu |grad u|^2.

#include <cstdint>

#include "lanes/lanes.hpp"
#include "models/navier_stokes/grid.hpp"

namespace jpo::navier_stokes {

/// Contributions of a cell to the faces before and after it (left and right, or below and above).
struct Share {
  Lanes before, after;
};
/// Contributions of a corner: to u below and above it, to v left and right of it.
struct CornerShare {
  Share u, v;
};

/// Rows of partial sums that a sweep carries upwards, [i][lane] each.
struct SweepRows {
  double* u_after;
  double* v_side;
  double* v_after;
};

/// Sums the shares of every face, row by row, and calls emit(face, sum). `shares` has functions
/// x(i, j) and y(i, j), which return the Share of cell (i, j), and corner(i, j), which returns the
/// CornerShare of the corner at (i h, j h).
template <class Shares, class Emit>
JPO_KERNEL void sweep(const Grid& grid, const Shares& shares, const SweepRows& rows, Emit&& emit) {
  const std::int64_t n = grid.n;
  double* u_after = rows.u_after;
  double* v_side = rows.v_side;
  double* v_after = rows.v_after;
  // Visits the corners of row j. v(i, j) lies between corners i and i + 1.
  const auto corner_row = [&](std::int64_t j, auto&& visit) __attribute__((always_inline)) {
    Lanes first = lanes_of(0.0);
    Lanes right = first;
    for (std::int64_t i = 0; i < n; ++i) {
      const CornerShare share = shares.corner(i, j);
      visit(i, share.u);
      if (i == 0) first = share.v.before;
      if (i > 0) store(v_side + (i - 1) * n_lane, right + share.v.before);
      right = share.v.after;
    }
    store(v_side + (n - 1) * n_lane, right + first);
  };
  corner_row(
      0, [&](std::int64_t i, const Share& u) __attribute__((always_inline)) {
        store(u_after + i * n_lane, u.after);
        store(v_after + i * n_lane, shares.y(i, -1).after);
      });
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = 0; i < n; ++i) {
      const Share y = shares.y(i, j);
      emit(grid.v_face(i, j), load(v_side + i * n_lane) + (load(v_after + i * n_lane) + y.before));
      store(v_after + i * n_lane, y.after);
    }
    Lanes west = shares.x(-1, j).after;
    corner_row(
        j + 1, [&](std::int64_t i, const Share& u) __attribute__((always_inline)) {
          const Share x = shares.x(i, j);
          emit(grid.u_face(i, j), (west + x.before) + (load(u_after + i * n_lane) + u.before));
          west = x.after;
          store(u_after + i * n_lane, u.after);
        });
  }
}

struct FluxScale {
  JPO_KERNEL explicit FluxScale(const Grid& grid)
      : inverse_h(1.0 / grid.h()), viscous(grid.viscosity / grid.h()) {}
  double inverse_h;
  double viscous;
};

/// N(u), face by face.
struct RateShares {
  const Field& field;
  FluxScale scale;

  JPO_KERNEL [[gnu::always_inline]] Share x(std::int64_t i, std::int64_t j) const {
    return square(field.u(i, j), field.u(i + 1, j));
  }
  JPO_KERNEL [[gnu::always_inline]] Share y(std::int64_t i, std::int64_t j) const {
    return square(field.v(i, j), field.v(i, j + 1));
  }
  JPO_KERNEL [[gnu::always_inline]] CornerShare corner(std::int64_t i, std::int64_t j) const {
    const Lanes a = field.u(i, j - 1);
    const Lanes b = field.u(i, j);
    const Lanes c = field.v(i - 1, j);
    const Lanes d = field.v(i, j);
    const Lanes product = 0.25 * ((a + b) * (c + d));
    return {flux(product - scale.viscous * (b - a)), flux(product - scale.viscous * (d - c))};
  }

 private:
  JPO_KERNEL [[gnu::always_inline]] Share square(const Lanes& a, const Lanes& b) const {
    const Lanes mean = 0.5 * (a + b);
    return flux(mean * mean - scale.viscous * (b - a));
  }
  JPO_KERNEL [[gnu::always_inline]] Share flux(const Lanes& f) const {
    return {-scale.inverse_h * f, scale.inverse_h * f};
  }
};

/// (dN/du) du, face by face.
struct TangentShares {
  const Field& field;
  const Field& along;
  FluxScale scale;

  JPO_KERNEL [[gnu::always_inline]] Share x(std::int64_t i, std::int64_t j) const {
    return square(field.u(i, j), field.u(i + 1, j), along.u(i, j), along.u(i + 1, j));
  }
  JPO_KERNEL [[gnu::always_inline]] Share y(std::int64_t i, std::int64_t j) const {
    return square(field.v(i, j), field.v(i, j + 1), along.v(i, j), along.v(i, j + 1));
  }
  JPO_KERNEL [[gnu::always_inline]] CornerShare corner(std::int64_t i, std::int64_t j) const {
    const Lanes da = along.u(i, j - 1);
    const Lanes db = along.u(i, j);
    const Lanes dc = along.v(i - 1, j);
    const Lanes dd = along.v(i, j);
    const Lanes product = 0.25 * ((da + db) * (field.v(i - 1, j) + field.v(i, j)) +
                                  (field.u(i, j - 1) + field.u(i, j)) * (dc + dd));
    return {flux(product - scale.viscous * (db - da)), flux(product - scale.viscous * (dd - dc))};
  }

 private:
  JPO_KERNEL [[gnu::always_inline]] Share square(const Lanes& a, const Lanes& b, const Lanes& da,
                                                 const Lanes& db) const {
    return flux(0.5 * ((a + b) * (da + db)) - scale.viscous * (db - da));
  }
  JPO_KERNEL [[gnu::always_inline]] Share flux(const Lanes& f) const {
    return {-scale.inverse_h * f, scale.inverse_h * f};
  }
};

/// (dN/du)^T nu, face by face. A flux F(a, b) between two faces is subtracted from the face before
/// it and added to the face after it: its cotangent is (nu_after - nu_before) / h. nu is zero on
/// closed faces and changes its sign across a wall like u, so that the viscous part is symmetric.
struct AdjointShares {
  const Field& field;
  const Field& nu;
  FluxScale scale;

  JPO_KERNEL [[gnu::always_inline]] Share x(std::int64_t i, std::int64_t j) const {
    return square(field.u(i, j), field.u(i + 1, j), nu.u(i, j), nu.u(i + 1, j));
  }
  JPO_KERNEL [[gnu::always_inline]] Share y(std::int64_t i, std::int64_t j) const {
    return square(field.v(i, j), field.v(i, j + 1), nu.v(i, j), nu.v(i, j + 1));
  }
  JPO_KERNEL [[gnu::always_inline]] CornerShare corner(std::int64_t i, std::int64_t j) const {
    const Lanes of_u = scale.inverse_h * (nu.u(i, j) - nu.u(i, j - 1));
    const Lanes of_v = scale.inverse_h * (nu.v(i, j) - nu.v(i - 1, j));
    const Lanes of_product = 0.25 * (of_u + of_v);
    const Lanes to_u = of_product * (field.v(i - 1, j) + field.v(i, j));
    const Lanes to_v = of_product * (field.u(i, j - 1) + field.u(i, j));
    const Lanes viscous_u = scale.viscous * of_u;
    const Lanes viscous_v = scale.viscous * of_v;
    return {{to_u + viscous_u, to_u - viscous_u}, {to_v + viscous_v, to_v - viscous_v}};
  }

 private:
  JPO_KERNEL [[gnu::always_inline]] Share square(const Lanes& a, const Lanes& b, const Lanes& nu_a,
                                                 const Lanes& nu_b) const {
    const Lanes of_flux = scale.inverse_h * (nu_b - nu_a);
    const Lanes convective = of_flux * (0.5 * (a + b));
    const Lanes viscous = scale.viscous * of_flux;
    return {convective + viscous, convective - viscous};
  }
};

}  // namespace jpo::navier_stokes
