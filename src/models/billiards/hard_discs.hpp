#pragma once
// Equal hard discs in the plane: free flight between collisions of two discs, no walls, no
// friction. The collisions of a run are recorded. Derivatives are those of the recorded sequence,
// with the derivative of every collision time (implicit, from |x_i - x_j| = 2 radius). For kernels
// (lanes/lanes.hpp). Loops over collisions are not inlined, because inlining made the host slower.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "core/device/memory_space.hpp"

namespace jpo::hard_discs {

struct Vector2 {
  double x = 0.0;
  double y = 0.0;
};
JPO_KERNEL inline Vector2 operator+(Vector2 a, Vector2 b) {
  return {a.x + b.x, a.y + b.y};
}
JPO_KERNEL inline Vector2 operator-(Vector2 a, Vector2 b) {
  return {a.x - b.x, a.y - b.y};
}
JPO_KERNEL inline Vector2 operator*(double s, Vector2 a) {
  return {s * a.x, s * a.y};
}
JPO_KERNEL inline double dot(Vector2 a, Vector2 b) {
  return a.x * b.x + a.y * b.y;
}

struct Rules {
  double radius = 0.0;
  /// Ratio of the normal relative speeds after and before a collision.
  double restitution = 1.0;
  /// End time of a run.
  double horizon = 0.0;
  std::int64_t max_collision = 0;
};

/// Motion x(t) = origin + velocity t of a disc between two of its collisions. A collision changes
/// the flights of its two discs. Derivatives of flights have the same type.
struct Flight {
  Vector2 origin;
  Vector2 velocity;
  JPO_KERNEL Vector2 at(double t) const { return origin + t * velocity; }
};

/// A collision of discs `first` < `second`, with the values for its derivatives.
struct Collision {
  std::int32_t first = 0;
  std::int32_t second = 0;
  double time = 0.0;
  /// Unit vector from `second` to `first`.
  Vector2 normal;
  /// Velocity of `first` relative to `second`, before the collision.
  Vector2 velocity;
};

// A contact is a miss if (normal speed / relative speed)^2 is below this. The relative round-off of
// the discriminant is about 1e-14.
inline constexpr double kGrazing = 1e-12;
// A collapse is assumed if the normal speed is below this multiple of the largest speed at time 0.
// The times of slower contacts are not accurate, because of the round-off of the distances.
inline constexpr double kCollapse = 1e-10;
inline constexpr double kNever = std::numeric_limits<double>::infinity();

JPO_KERNEL inline double diameter(const Rules& rules) {
  return 2.0 * rules.radius;
}
// Impulse on two equal masses, divided by their normal relative velocity.
JPO_KERNEL inline double bounce(const Rules& rules) {
  return 0.5 * (1.0 + rules.restitution);
}

// Returns the time of the next contact of two discs with this relative flight, or kNever.
JPO_KERNEL inline double contact_time(double diameter, const Flight& relative, double now) {
  const Vector2 u = relative.velocity;
  const Vector2 d = relative.at(now);
  const double approach = dot(d, u);
  if (!(approach < 0.0)) return kNever;
  const double reach = diameter * diameter * dot(u, u);
  const double cross = d.x * u.y - d.y * u.x;
  const double discriminant = reach - cross * cross;  // (diameter * normal speed at contact)^2
  if (!(discriminant > kGrazing * reach)) return kNever;
  // Round-off can shift a contact slightly into the past.
  const double wait = (dot(d, d) - diameter * diameter) / (std::sqrt(discriminant) - approach);
  return now + std::max(0.0, wait);
}

struct Contact {
  std::int32_t first = 0;
  std::int32_t second = 0;
  double time = kNever;
};

JPO_KERNEL inline Flight relative_flight(std::span<const Flight> discs, std::int32_t first,
                                         std::int32_t second) {
  const Flight& a = discs[first];
  const Flight& b = discs[second];
  return {a.origin - b.origin, a.velocity - b.velocity};
}

JPO_KERNEL inline Contact next_contact(const Rules& rules, std::span<const Flight> discs,
                                       double now) {
  Contact next;
  const auto n = static_cast<std::int32_t>(discs.size());
  for (std::int32_t i = 0; i < n; ++i)
    for (std::int32_t j = i + 1; j < n; ++j) {
      const double time = contact_time(diameter(rules), relative_flight(discs, i, j), now);
      if (time < next.time) next = {i, j, time};
    }
  return next;
}

JPO_KERNEL inline bool any_overlap(const Rules& rules, std::span<const Flight> discs) {
  const double closest = diameter(rules) * diameter(rules) * (1.0 - 1e-12);
  const auto n = static_cast<std::int32_t>(discs.size());
  for (std::int32_t i = 0; i < n; ++i)
    for (std::int32_t j = i + 1; j < n; ++j) {
      const Vector2 d = relative_flight(discs, i, j).origin;
      if (dot(d, d) < closest) return true;
    }
  return false;
}

JPO_KERNEL inline double largest_speed(std::span<const Flight> discs) {
  double largest = 0.0;
  for (const Flight& disc : discs) largest = std::max(largest, dot(disc.velocity, disc.velocity));
  return std::sqrt(largest);
}

// Changes the velocity at `time`; the disc stays at the same point.
JPO_KERNEL inline void deflect(Flight& disc, Vector2 change, double time) {
  disc.velocity = disc.velocity + change;
  disc.origin = disc.origin - time * change;
}

JPO_KERNEL inline Collision collide(const Rules& rules, std::span<Flight> discs,
                                    const Contact& contact) {
  const Flight relative = relative_flight(discs, contact.first, contact.second);
  const Vector2 normal = (1.0 / diameter(rules)) * relative.at(contact.time);
  const Vector2 impulse = bounce(rules) * dot(normal, relative.velocity) * normal;
  deflect(discs[contact.first], -1.0 * impulse, contact.time);
  deflect(discs[contact.second], impulse, contact.time);
  return {contact.first, contact.second, contact.time, normal, relative.velocity};
}

/// Maps flights at time 0 to flights at the horizon, and appends the collisions to `record`. Of
/// collisions at the same time the pair with the smaller indices comes first. A contact with a
/// normal speed below 1e-6 of the relative speed is a miss: its derivative is unbounded while its
/// impulse vanishes. Returns false if discs overlap at time 0, if there are more than max_collision
/// collisions, or if an inelastic collapse occurs. A collapse is an infinite number of collisions
/// in finite time; the normal speed then falls below 1e-10 of the largest speed at time 0. If
/// it returns false, flights and record are unspecified. Record has push_back(Collision).
template <class Record>
JPO_KERNEL [[gnu::noinline]] inline bool run(const Rules& rules, std::span<Flight> discs,
                                             Record& record) {
  if (any_overlap(rules, discs)) return false;
  const double collapsed = kCollapse * largest_speed(discs);
  double now = 0.0;
  for (std::int64_t n_collision = 0;; ++n_collision) {
    const Contact contact = next_contact(rules, discs, now);
    if (!(contact.time < rules.horizon)) return true;
    if (n_collision == rules.max_collision) return false;
    const Collision collision = collide(rules, discs, contact);
    record.push_back(collision);
    if (-dot(collision.normal, collision.velocity) < collapsed) return false;
    now = contact.time;
  }
}

/// Maps derivatives of the flights at time 0 along a direction to those at the horizon.
/// With the relative origin q and velocity u, the distance d = q + u t at contact and n = d / 2r:
///   dt = -n.(dq + t du) / n.u         (|d| stays 2r)
///   dd = dq + t du + u dt,  dn = dd / 2r
///   J = k (n.u) n,  dJ = k ((dn.u + n.du) n + (n.u) dn)
/// The velocity of `first` changes by -J and its origin by +J t; for `second` the signs are
/// opposite.
JPO_KERNEL [[gnu::noinline]] inline void push_forward(const Rules& rules,
                                                      std::span<const Collision> record,
                                                      std::span<Flight> tangent) {
  for (const Collision& at : record) {
    const Vector2 n = at.normal;
    const Vector2 u = at.velocity;
    const double normal_speed = dot(n, u);
    const Flight relative = relative_flight(tangent, at.first, at.second);
    const Vector2 moved = relative.at(at.time);
    const double dt = -dot(n, moved) / normal_speed;
    const Vector2 dn = (1.0 / diameter(rules)) * (moved + dt * u);
    const double dspeed = dot(dn, u) + dot(n, relative.velocity);
    const Vector2 impulse = bounce(rules) * normal_speed * n;
    const Vector2 dimpulse = bounce(rules) * (dspeed * n + normal_speed * dn);
    Flight& first = tangent[at.first];
    Flight& second = tangent[at.second];
    deflect(first, -1.0 * dimpulse, at.time);
    deflect(second, dimpulse, at.time);
    first.origin = first.origin + dt * impulse;
    second.origin = second.origin - dt * impulse;
  }
}

/// Maps derivatives with respect to the flights at the horizon to those with respect to the flights
/// at time 0: the transpose of push_forward, line by line, in a reverse sweep over the collisions.
JPO_KERNEL [[gnu::noinline]] inline void pull_back(const Rules& rules,
                                                   std::span<const Collision> record,
                                                   std::span<Flight> cotangent) {
  for (auto it = record.rbegin(); it != record.rend(); ++it) {
    const Vector2 n = it->normal;
    const Vector2 u = it->velocity;
    const double normal_speed = dot(n, u);
    const Flight relative = relative_flight(cotangent, it->first, it->second);
    const Vector2 to_impulse = it->time * relative.origin - relative.velocity;
    const double to_speed = bounce(rules) * dot(n, to_impulse);
    const Vector2 to_normal = bounce(rules) * normal_speed * to_impulse + to_speed * u;
    Vector2 to_moved = (1.0 / diameter(rules)) * to_normal;
    const double to_time = bounce(rules) * normal_speed * dot(n, relative.origin) +  // origin +-J t
                           dot(u, to_moved);
    to_moved = to_moved - (to_time / normal_speed) * n;
    const Vector2 to_velocity = to_speed * n + it->time * to_moved;
    Flight& first = cotangent[it->first];
    Flight& second = cotangent[it->second];
    first.origin = first.origin + to_moved;
    second.origin = second.origin - to_moved;
    first.velocity = first.velocity + to_velocity;
    second.velocity = second.velocity - to_velocity;
  }
}

}  // namespace jpo::hard_discs
