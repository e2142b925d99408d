#pragma once
// Serializes the state of objects for checkpoints: one function names the fields, and the same
// calls write or read them, depending on the archive. Numbers travel as doubles: integers must be
// below 2^53.

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

  /// True when reading a checkpoint.
  virtual bool is_reading() const = 0;

  /// The same values on every rank. Collective.
  virtual void shared(const std::string& name, std::vector<double>& values) = 0;
  /// Those of this rank's problems, one problem after the other, equally many each. When reading,
  /// `values` must have its size already. Collective.
  virtual void by_problem(const std::string& name, std::span<double> values) = 0;

  /// One list a problem of this rank, each of its own length. When reading, there must be as many
  /// already. Collective.
  virtual void by_problem(const std::string& name, std::vector<std::vector<double>>& lists) = 0;

  template <class Number>
  void shared(const std::string& name, Number& value) {
    std::vector<double> one = {static_cast<double>(value)};
    shared(name, one);
    value = static_cast<Number>(one.at(0));
  }
  /// A whole number of things, which is refused (BadInput) above `most`: nothing is allocated by
  /// what a damaged file says.
  void shared_count(const std::string& name, std::size_t& n, std::size_t most) {
    double value = static_cast<double>(n);
    shared(name, value);
    if (!(value >= 0.0 && value <= static_cast<double>(most)))
      throw BadInput("checkpoint: damaged: '" + name + "' is not a number of things");
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
