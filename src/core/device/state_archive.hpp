#pragma once
// Serializes the state of objects for checkpoints. An object passes its fields to the archive in
// one function; depending on the archive, the same calls write or read them. Numbers are stored as
// doubles: integers must be below 2^53.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/device/batch.hpp"
#include "core/errors.hpp"

namespace jpo {

class StateArchive {
 public:
  StateArchive() = default;
  StateArchive(const StateArchive&) = delete;
  StateArchive& operator=(const StateArchive&) = delete;
  StateArchive(StateArchive&&) = delete;
  StateArchive& operator=(StateArchive&&) = delete;
  virtual ~StateArchive() = default;

  /// Returns true if the archive reads a checkpoint.
  virtual bool is_reading() const = 0;

  /// Reads or writes values that are the same on every rank. Collective.
  virtual void shared(const std::string& name, std::vector<double>& values) = 0;
  /// Reads or writes the values of this rank's problems, in problem order, equally many per
  /// problem. When reading, `values` must have the right size already. Collective.
  virtual void by_problem(const std::string& name, std::span<double> values) = 0;

  /// Reads or writes one list per problem of this rank; the lengths may differ. When reading,
  /// `lists` must have one entry per problem already. Collective.
  virtual void by_problem(const std::string& name, std::vector<std::vector<double>>& lists) = 0;

  template <class Number>
  void shared(const std::string& name, Number& value) {
    std::vector<double> one = {static_cast<double>(value)};
    shared(name, one);
    value = static_cast<Number>(one.at(0));
  }
  /// Reads or writes a count. Throws BadInput if it is negative or above `most`, so that a damaged
  /// file cannot cause a huge allocation.
  void shared_count(const std::string& name, std::size_t& n, std::size_t most) {
    double value = static_cast<double>(n);
    shared(name, value);
    if (!(value >= 0.0 && value <= static_cast<double>(most)))
      throw BadInput("checkpoint: damaged: '" + name + "' is not a valid count");
    n = static_cast<std::size_t>(value);
  }

  template <class Number>
  void by_problem(const std::string& name, std::vector<Number>& values) {
    std::vector<double> doubles(values.size());
    std::ranges::transform(values, doubles.begin(),
                           [](Number value) { return static_cast<double>(value); });
    by_problem(name, std::span<double>(doubles));
    std::ranges::transform(doubles, values.begin(),
                           [](double value) { return static_cast<Number>(value); });
  }
  void by_problem(const std::string& name, Batch& rows) {
    if (is_reading()) {
      by_problem(name, rows.write().values());
      return;
    }
    std::vector<double> values(rows.read().values().begin(), rows.read().values().end());
    by_problem(name, std::span<double>(values));
  }
};

}  // namespace jpo
