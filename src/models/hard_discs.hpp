#pragma once
// Equal hard discs in the plane: free flight between collisions of two, no walls, no friction. The
// collisions of a run are recorded; derivatives are those of the recorded sequence, with the
// derivative of every collision time (implicit, from |x_i - x_j| = 2 radius).

#include <cstdint>
#include <span>
#include <vector>

namespace jpo::hard_discs {

struct Vector2 {
  double x = 0.0;
  double y = 0.0;
};
inline Vector2 operator+(Vector2 a, Vector2 b) {
  return {a.x + b.x, a.y + b.y};
}
inline Vector2 operator-(Vector2 a, Vector2 b) {
  return {a.x - b.x, a.y - b.y};
}
inline Vector2 operator*(double s, Vector2 a) {
  return {s * a.x, s * a.y};
}
inline double dot(Vector2 a, Vector2 b) {
  return a.x * b.x + a.y * b.y;
}

struct Rules {
  double radius = 0.0;
  double restitution = 1.0;  ///< normal relative speed after a collision over that before it
  double horizon = 0.0;      ///< a run is over at this time
  std::int64_t max_collision = 0;
};

/// x(t) = origin + velocity t, from one collision of the disc to its next: a collision changes two
/// flights, and nobody else's has to be moved on. Derivatives of flights have the same shape.
struct Flight {
  Vector2 origin;
  Vector2 velocity;
  Vector2 at(double t) const { return origin + t * velocity; }
};

/// Disc `first` < `second`; what the derivatives need.
struct Collision {
  std::int32_t first = 0;
  std::int32_t second = 0;
  double time = 0.0;
  Vector2 normal;    ///< unit, from `second` to `first`
  Vector2 velocity;  ///< of `first` relative to `second`, before
};

/// Flights at time 0 -> flights at the horizon; appends the collisions to `record`. Of collisions
/// at the same time the pair with the smaller indices comes first. A contact whose normal speed is
/// below 1e-6 of the relative speed is a miss: there the derivative grows without bound while the
/// impulse vanishes. False: discs overlap at the start, there are more than max_collision
/// collisions, or an inelastic collapse (endlessly many in finite time; then the normal speed falls
/// below 1e-10 of the largest speed at the start); flights and record may then hold anything.
bool run(const Rules& rules, std::span<Flight> discs, std::vector<Collision>& record);

/// Derivatives of the flights at time 0 along some direction -> at the horizon.
void push_forward(const Rules& rules, std::span<const Collision> record, std::span<Flight> tangent);

/// Derivatives of a number with respect to the flights at the horizon -> with respect to those at
/// time 0: the transpose of push_forward, by a reverse sweep over the collisions.
void pull_back(const Rules& rules, std::span<const Collision> record, std::span<Flight> cotangent);

}  // namespace jpo::hard_discs
