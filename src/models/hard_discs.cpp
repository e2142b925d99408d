#include "models/hard_discs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace jpo::hard_discs {
namespace {

// Square of the normal speed over the relative speed below which a contact is a miss; round-off of
// the discriminant is about 1e-14.
constexpr double kGrazing = 1e-12;
// Normal speed over the largest speed at the start below which a collapse is under way: slower
// contacts have no time of their own left, it drowns in the round-off of the distances.
constexpr double kCollapse = 1e-10;
constexpr double kNever = std::numeric_limits<double>::infinity();

double diameter(const Rules& rules) {
  return 2.0 * rules.radius;
}
// The impulse on two equal masses is this times their normal relative velocity.
double bounce(const Rules& rules) {
  return 0.5 * (1.0 + rules.restitution);
}

// The time at which two discs, seen from each other on flight `relative`, come into contact.
double contact_time(double diameter, const Flight& relative, double now) {
  const Vector2 u = relative.velocity;
  const Vector2 d = relative.at(now);
  const double approach = dot(d, u);
  if (!(approach < 0.0)) return kNever;
  const double reach = diameter * diameter * dot(u, u);
  const double cross = d.x * u.y - d.y * u.x;
  const double discriminant = reach - cross * cross;  // (diameter * normal speed at contact)^2
  if (!(discriminant > kGrazing * reach)) return kNever;
  // Round-off may put a pair in contact a little into the past.
  const double wait = (dot(d, d) - diameter * diameter) / (std::sqrt(discriminant) - approach);
  return now + std::max(0.0, wait);
}

struct Contact {
  std::int32_t first = 0;
  std::int32_t second = 0;
  double time = kNever;
};

Flight relative_flight(std::span<const Flight> discs, std::int32_t first, std::int32_t second) {
  const Flight& a = discs[static_cast<std::size_t>(first)];
  const Flight& b = discs[static_cast<std::size_t>(second)];
  return {a.origin - b.origin, a.velocity - b.velocity};
}

Contact next_contact(const Rules& rules, std::span<const Flight> discs, double now) {
  Contact next;
  const auto n = static_cast<std::int32_t>(discs.size());
  for (std::int32_t i = 0; i < n; ++i)
    for (std::int32_t j = i + 1; j < n; ++j) {
      const double time = contact_time(diameter(rules), relative_flight(discs, i, j), now);
      if (time < next.time) next = {i, j, time};
    }
  return next;
}

bool any_overlap(const Rules& rules, std::span<const Flight> discs) {
  const double closest = diameter(rules) * diameter(rules) * (1.0 - 1e-12);
  const auto n = static_cast<std::int32_t>(discs.size());
  for (std::int32_t i = 0; i < n; ++i)
    for (std::int32_t j = i + 1; j < n; ++j) {
      const Vector2 d = relative_flight(discs, i, j).origin;
      if (dot(d, d) < closest) return true;
    }
  return false;
}

double largest_speed(std::span<const Flight> discs) {
  double largest = 0.0;
  for (const Flight& disc : discs) largest = std::max(largest, dot(disc.velocity, disc.velocity));
  return std::sqrt(largest);
}

// A flight whose velocity changes by `change` at `time` goes on from the same place.
void deflect(Flight& disc, Vector2 change, double time) {
  disc.velocity = disc.velocity + change;
  disc.origin = disc.origin - time * change;
}

Collision collide(const Rules& rules, std::span<Flight> discs, const Contact& contact) {
  const Flight relative = relative_flight(discs, contact.first, contact.second);
  const Vector2 normal = (1.0 / diameter(rules)) * relative.at(contact.time);
  const Vector2 impulse = bounce(rules) * dot(normal, relative.velocity) * normal;
  deflect(discs[static_cast<std::size_t>(contact.first)], -1.0 * impulse, contact.time);
  deflect(discs[static_cast<std::size_t>(contact.second)], impulse, contact.time);
  return {contact.first, contact.second, contact.time, normal, relative.velocity};
}

}  // namespace

bool run(const Rules& rules, std::span<Flight> discs, std::vector<Collision>& record) {
  if (any_overlap(rules, discs)) return false;
  const double collapsed = kCollapse * largest_speed(discs);
  double now = 0.0;
  for (std::int64_t n_collision = 0;; ++n_collision) {
    const Contact contact = next_contact(rules, discs, now);
    if (!(contact.time < rules.horizon)) return true;
    if (n_collision == rules.max_collision) return false;
    record.push_back(collide(rules, discs, contact));
    if (-dot(record.back().normal, record.back().velocity) < collapsed) return false;
    now = contact.time;
  }
}

// With q and u the relative origin and velocity, d = q + u t the distance at contact, n = d / 2r:
//   dt = -n.(dq + t du) / n.u         (|d| stays 2r)
//   dd = dq + t du + u dt,  dn = dd / 2r
//   J = k (n.u) n,  dJ = k ((dn.u + n.du) n + (n.u) dn)
// and the flights change by velocity -+J, origin +-J t.
void push_forward(const Rules& rules, std::span<const Collision> record,
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
    Flight& first = tangent[static_cast<std::size_t>(at.first)];
    Flight& second = tangent[static_cast<std::size_t>(at.second)];
    deflect(first, -1.0 * dimpulse, at.time);
    deflect(second, dimpulse, at.time);
    first.origin = first.origin + dt * impulse;
    second.origin = second.origin - dt * impulse;
  }
}

// The lines of push_forward, transposed one by one from the last to the first.
void pull_back(const Rules& rules, std::span<const Collision> record, std::span<Flight> cotangent) {
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
    Flight& first = cotangent[static_cast<std::size_t>(it->first)];
    Flight& second = cotangent[static_cast<std::size_t>(it->second)];
    first.origin = first.origin + to_moved;
    second.origin = second.origin - to_moved;
    first.velocity = first.velocity + to_velocity;
    second.velocity = second.velocity - to_velocity;
  }
}

}  // namespace jpo::hard_discs
