#include "io/stored_values.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

#include "io/hdf5_handle.hpp"
#include "io/hdf5_read.hpp"

namespace jpo {
namespace {

constexpr hssize_t kMostNumbers = 1000;
constexpr std::size_t kWidestNumber = 16;  // bytes: a long double

[[noreturn]] void refuse_attribute(const char* name, const std::string& expected) {
  throw std::runtime_error(
      fmt::format("found an attribute {} that cannot be used; expected {}", name, expected));
}

// Numbers of an attribute.
struct Numbers {
  std::vector<double> values;
  bool is_float = false;
  bool is_single = false;
};

// Returns the numbers of an attribute, a scalar or an array; nothing if there is no attribute.
std::optional<Numbers> numbers_of(hid_t dataset, const char* name) {
  if (H5Aexists(dataset, name) <= 0) return std::nullopt;
  const Hid attribute(H5Aopen(dataset, name, H5P_DEFAULT), H5Aclose);
  const Hid type(H5Aget_type(attribute.get()), H5Tclose);
  const Hid space(H5Aget_space(attribute.get()), H5Sclose);
  const hssize_t n = H5Sget_simple_extent_npoints(space.get());
  const H5T_class_t kind = H5Tget_class(type.get());
  const std::size_t size = H5Tget_size(type.get());
  Numbers numbers;
  numbers.is_float = kind == H5T_FLOAT;
  numbers.is_single = numbers.is_float && size == sizeof(float);
  numbers.values.resize(static_cast<std::size_t>(std::clamp<hssize_t>(n, 0, kMostNumbers)));
  if ((kind != H5T_FLOAT && kind != H5T_INTEGER) || size > kWidestNumber || n < 1 ||
      n > kMostNumbers || H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, numbers.values.data()) < 0)
    refuse_attribute(name, "a number or an array of numbers");
  return numbers;
}

std::optional<double> number_of(hid_t dataset, const char* name) {
  const auto numbers = numbers_of(dataset, name);
  if (!numbers) return std::nullopt;
  if (numbers->values.size() != 1 || !std::isfinite(numbers->values[0]))
    refuse_attribute(name, "one finite number");
  return numbers->values[0];
}

}  // namespace

StoredValues::StoredValues(hid_t dataset) {
  const Hid type(H5Dget_type(dataset), H5Tclose);
  is_single_ = H5Tget_class(type.get()) == H5T_FLOAT && H5Tget_size(type.get()) == sizeof(float);
  for (const char* name : {"_FillValue", "missing_value"})
    if (const auto numbers = numbers_of(dataset, name)) {
      fill_.insert(fill_.end(), numbers->values.begin(), numbers->values.end());
      is_single_ = is_single_ || numbers->is_single;
    }
  const auto scale = number_of(dataset, "scale_factor");
  const auto offset = number_of(dataset, "add_offset");
  if (scale == 0.0) refuse_attribute("scale_factor", "a number that is not 0");
  scale_ = scale.value_or(1.0);
  offset_ = offset.value_or(0.0);
  read_valid_range(dataset);
  has_any_ = has_any_ || !fill_.empty() || scale || offset;
  std::string is_unsigned;
  if (H5Aexists(dataset, "_Unsigned") > 0 &&
      !(read_attribute(dataset, "_Unsigned", is_unsigned) && is_unsigned == "false"))
    refuse_attribute("_Unsigned", "numbers of an unsigned type, without this attribute");
}

// A range of floats that belongs to packed integers is one of unpacked values.
void StoredValues::read_valid_range(hid_t dataset) {
  const Hid type(H5Dget_type(dataset), H5Tclose);
  const bool is_integer = H5Tget_class(type.get()) == H5T_INTEGER;
  const auto take = [&](const Numbers& numbers) {
    has_any_ = true;
    range_is_unpacked_ = range_is_unpacked_ || (is_integer && numbers.is_float);
  };
  if (const auto range = numbers_of(dataset, "valid_range")) {
    if (range->values.size() != 2) refuse_attribute("valid_range", "two numbers");
    take(*range);
    min_ = range->values[0];
    max_ = range->values[1];
  }
  for (const char* name : {"valid_min", "valid_max"})
    if (const auto bound = numbers_of(dataset, name)) {
      if (bound->values.size() != 1) refuse_attribute(name, "one number");
      take(*bound);
      (std::string(name) == "valid_min" ? min_ : max_) = bound->values[0];
    }
}

bool StoredValues::is_missing(double number, double value) const {
  const double in_range = range_is_unpacked_ ? value : number;
  if (in_range < min_ || in_range > max_) return true;
  return std::ranges::any_of(fill_, [&](double fill) {
    constexpr double largest = std::numeric_limits<float>::max();
    const bool compare_single =
        is_single_ && std::abs(number) <= largest && std::abs(fill) <= largest;
    return compare_single ? static_cast<float>(number) == static_cast<float>(fill) : number == fill;
  });
}

void StoredValues::apply(std::span<double> numbers) const {
  if (!has_any_) return;
  for (double& number : numbers) {
    const double value = number * scale_ + offset_;
    number = is_missing(number, value) ? std::numeric_limits<double>::quiet_NaN() : value;
  }
}

}  // namespace jpo
