#pragma once
// Copies between the rows of problems and the tensors of a network, in their common memory space:
// normalized inputs, answers mapped into their box, and gradients with respect to the outputs. Does
// not include torch: tensors are passed as pointers to their values.

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

/// The slots of a network call that hold problems, in ascending order, and the problems' rows.
class CallSlots {
 public:
  explicit CallSlots(MemorySpace space) : slots_(space), rows_(space) {}
  /// Slot k contains row rows[k], or is empty if rows[k] == kEmptySlot.
  void assign(std::span<const std::int64_t> rows);
  const RowList& slots() const { return slots_; }
  const RowList& rows() const { return rows_; }

 private:
  RowList slots_, rows_;
  std::vector<std::int64_t> taken_, taken_rows_;
};

/// Batches and tensors are in shape.space. Not collective.
class NetworkRows {
 public:
  NetworkRows(const InputLayout& layout, const NetworkShape& shape, const std::string& output_map);

  void set_normalization(const Normalization& normalization);

  /// Sets the offsets of the outputs [row, n_parameter]; empty: none.
  void set_offsets(const std::vector<double>& offsets);
  bool has_offsets() const { return offsets_.size() > 0; }

  /// Writes (value - mean) / deviation of the rows of y and c to their slots: stacked [slot,
  /// n_channel, n_grid], appended [slot, n_appended]. Empty slots are unchanged.
  void write_inputs(const CallSlots& call, const Batch& y, const Batch& c, float* stacked,
                    float* appended) const;
  void write_inputs(const CallSlots& call, const Batch& y, const Batch& c, double* stacked,
                    double* appended) const;
  /// Adds the offsets of the rows of all slots that are not empty to z [slot, n_parameter].
  void add_offsets(const CallSlots& call, double* z) const;
  /// Sets m.row(first_row + j) to the mapped z of the j-th slot that is not empty; z [slot,
  /// n_parameter].
  void write_answers(const CallSlots& call, const double* z, Batch& m,
                     std::int64_t first_row) const;
  /// Sets dz = g dm/dz for the same slots and rows. Empty slots are unchanged.
  void pull_back(const CallSlots& call, const double* z, const Batch& g, std::int64_t first_row,
                 double* dz) const;
  /// Converts n numbers to double.
  void widen(const float* from, std::int64_t n, double* to) const;
  void widen(const double* from, std::int64_t n, double* to) const;

 private:
  template <class Scalar>
  void write(const CallSlots& call, const Batch& y, const Batch& c, Scalar* stacked,
             Scalar* appended) const;

  MemorySpace space_;
  /// Stacked and appended values per slot.
  std::int64_t n_stacked_, n_appended_;
  /// Target of each component of y, then of c.
  KernelArray<InputTarget> targets_;
  KernelArray<double> mean_, deviation_;
  /// Empty: none.
  KernelArray<double> offsets_;
  KernelArray<ParameterMap> maps_;
};

}  // namespace jpo
