#pragma once
// Between problems' rows and a network's tensors, in the memory that both live in: normalized
// inputs, answers in their box, and the way back for gradients. No torch here: tensors are pointers
// to their numbers.

#include <cstdint>
#include <span>
#include <vector>

#include "core/device/batch.hpp"
#include "core/device/batch_rows.hpp"
#include "core/device/space_array.hpp"
#include "network/input_layout.hpp"
#include "network/network.hpp"
#include "network/parameter_map.hpp"

namespace jpo {

/// The slots of a network call that hold problems, in their order, and the problems' rows.
class CallPlaces {
 public:
  explicit CallPlaces(MemorySpace space) : slots_(space), rows_(space) {}
  /// Place p holds row rows[p], or nothing where that is kEmptySlot.
  void assign(std::span<const std::int64_t> rows);
  const RowList& slots() const { return slots_; }
  const RowList& rows() const { return rows_; }

 private:
  RowList slots_, rows_;
  std::vector<std::int64_t> taken_, taken_rows_;
};

class NetworkRows {
 public:
  /// Throws as parameter_maps.
  NetworkRows(const InputLayout& layout, const NetworkShape& shape, const std::string& output_map);

  void set_normalization(const Normalization& normalization);

  /// (value - mean) / deviation of rows of y and c, by slot: stacked [slot, n_channel, n_grid],
  /// appended [slot, n_appended]; empty slots stay as they are.
  void write_inputs(const CallPlaces& call, const Batch& y, const Batch& c, float* stacked,
                    float* appended) const;
  void write_inputs(const CallPlaces& call, const Batch& y, const Batch& c, double* stacked,
                    double* appended) const;
  /// m.row(first_row + j) = map of z at the j-th slot that is taken; z [slot, n_parameter].
  void write_answers(const CallPlaces& call, const double* z, Batch& m,
                     std::int64_t first_row) const;
  /// dz = g dm/dz, of the same slots and rows; empty slots stay as they are.
  void pull_back(const CallPlaces& call, const double* z, const Batch& g, std::int64_t first_row,
                 double* dz) const;
  /// n numbers as doubles.
  void widen(const float* from, std::int64_t n, double* to) const;
  void widen(const double* from, std::int64_t n, double* to) const;

 private:
  template <class Scalar>
  void write(const CallPlaces& call, const Batch& y, const Batch& c, Scalar* stacked,
             Scalar* appended) const;

  MemorySpace space_;
  /// Numbers of a slot.
  std::int64_t n_stacked_, n_appended_;
  /// Of the components of y and then c.
  KernelArray<InputTarget> targets_;
  KernelArray<double> mean_, deviation_;
  KernelArray<ParameterMap> maps_;
};

}  // namespace jpo
