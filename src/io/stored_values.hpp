#pragma once
// The attributes by which a dataset describes its own numbers, as netCDF and CF define them: fill
// values, valid range, scale and offset of packed numbers.

#include <limits>
#include <span>
#include <vector>

#include <hdf5.h>

namespace jpo {

class StoredValues {
 public:
  /// Reads _FillValue, missing_value, valid_min, valid_max, valid_range, scale_factor and
  /// add_offset of a dataset of numbers. Throws std::runtime_error with the name of an attribute
  /// that cannot be honoured. Not collective.
  explicit StoredValues(hid_t dataset);

  /// Replaces the stored numbers by their values: number * scale_factor + add_offset, or NaN if the
  /// number is a fill value or outside of the valid range. Without these attributes nothing
  /// changes.
  void apply(std::span<double> numbers) const;

 private:
  void read_valid_range(hid_t dataset);
  bool is_missing(double number, double value) const;

  std::vector<double> fill_;
  /// Fill values are compared in single precision, because the file has them or the numbers in it.
  bool is_single_ = false;
  double min_ = -std::numeric_limits<double>::infinity();
  double max_ = std::numeric_limits<double>::infinity();
  /// True if the range is one of unpacked values, false if it is one of stored numbers.
  bool range_is_unpacked_ = false;
  double scale_ = 1.0;
  double offset_ = 0.0;
  /// False if there is none of these attributes.
  bool has_any_ = false;
};

}  // namespace jpo
