#include "io/hdf5_read.hpp"

#include <array>

#include "io/hdf5_handle.hpp"
#include "io/stored_chunks.hpp"

namespace jpo {
namespace {

bool is_fixed_string(hid_t type) {
  return H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0;
}

bool is_number(hid_t type) {
  return H5Tget_class(type) == H5T_FLOAT || H5Tget_class(type) == H5T_INTEGER;
}

bool read_number(hid_t object, const char* name, hid_t memory_type, void* value) {
  if (H5Aexists(object, name) <= 0) return false;
  const Hid attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose);
  const Hid type(H5Aget_type(attribute.get()), H5Tclose);
  const Hid space(H5Aget_space(attribute.get()), H5Sclose);
  return is_number(type.get()) && H5Sget_simple_extent_npoints(space.get()) == 1 &&
         H5Aread(attribute.get(), memory_type, value) >= 0;
}

// A 1-D dataset, its type and its size.
struct Opened {
  Opened(hid_t group, const char* name)
      : dataset(H5Lexists(group, name, H5P_DEFAULT) > 0 ? H5Dopen2(group, name, H5P_DEFAULT)
                                                        : H5I_INVALID_HID,
                H5Dclose),
        type(dataset.get() >= 0 ? H5Dget_type(dataset.get()) : H5I_INVALID_HID, H5Tclose) {
    if (dataset.get() < 0) return;
    const Hid space(H5Dget_space(dataset.get()), H5Sclose);
    if (H5Sget_simple_extent_ndims(space.get()) == 1) n = H5Sget_simple_extent_npoints(space.get());
  }
  Hid dataset;
  Hid type;
  hssize_t n = -1;
};

}  // namespace

bool read_attribute(hid_t object, const char* name, std::string& value) {
  if (H5Aexists(object, name) <= 0) return false;
  const Hid attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose);
  const Hid type(H5Aget_type(attribute.get()), H5Tclose);
  if (!is_fixed_string(type.get())) return false;
  value.resize(H5Tget_size(type.get()));
  if (H5Aread(attribute.get(), type.get(), value.data()) < 0) return false;
  // An empty string is stored as one NUL.
  while (!value.empty() && value.back() == '\0') value.pop_back();
  return true;
}

bool read_attribute(hid_t object, const char* name, double& value) {
  return read_number(object, name, H5T_NATIVE_DOUBLE, &value);
}

bool read_attribute(hid_t object, const char* name, std::int64_t& value) {
  return read_number(object, name, H5T_NATIVE_INT64, &value);
}

bool read_dataset(hid_t group, const char* name, std::vector<double>& values) {
  const Opened opened(group, name);
  if (opened.n < 0 || !is_number(opened.type.get())) return false;
  if (!chunks_are_whole(opened.dataset.get(), 0, opened.n)) return false;
  values.resize(opened.n);
  return H5Dread(opened.dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                 values.data()) >= 0;
}

bool read_dataset(hid_t group, const char* name, std::vector<std::string>& values) {
  const Opened opened(group, name);
  if (opened.n < 0 || !is_fixed_string(opened.type.get())) return false;
  if (!chunks_are_whole(opened.dataset.get(), 0, opened.n)) return false;
  const std::size_t length = H5Tget_size(opened.type.get());
  std::string padded(static_cast<std::size_t>(opened.n) * length, '\0');
  if (H5Dread(opened.dataset.get(), opened.type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT,
              padded.data()) < 0)
    return false;
  values.clear();
  for (std::size_t k = 0; k < padded.size(); k += length) {
    const std::string value = padded.substr(k, length);
    values.push_back(value.substr(0, value.find('\0')));
  }
  return true;
}

bool read_rows(hid_t file, const char* name, std::int64_t first, std::int64_t n_local,
               std::int64_t n_global, std::int64_t width, std::span<double> values) {
  if (H5Lexists(file, name, H5P_DEFAULT) <= 0) return false;
  const Hid dataset(H5Dopen2(file, name, H5P_DEFAULT), H5Dclose);
  if (dataset.get() < 0) return false;
  const Hid type(H5Dget_type(dataset.get()), H5Tclose);
  const Hid space(H5Dget_space(dataset.get()), H5Sclose);
  std::array<hsize_t, 2> size{};
  if (!is_number(type.get()) || H5Sget_simple_extent_ndims(space.get()) != 2) return false;
  H5Sget_simple_extent_dims(space.get(), size.data(), nullptr);
  if (size[0] != static_cast<hsize_t>(n_global) || size[1] != static_cast<hsize_t>(width))
    return false;
  if (n_local == 0) return true;
  if (!chunks_are_whole(dataset.get(), first, n_local)) return false;
  const std::array<hsize_t, 2> start = {static_cast<hsize_t>(first), 0};
  const std::array<hsize_t, 2> count = {static_cast<hsize_t>(n_local), size[1]};
  const Hid memory(H5Screate_simple(2, count.data(), nullptr), H5Sclose);
  return H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(),
                             nullptr) >= 0 &&
         H5Dread(dataset.get(), H5T_NATIVE_DOUBLE, memory.get(), space.get(), H5P_DEFAULT,
                 values.data()) >= 0;
}

std::int64_t count_rows(hid_t file, const char* name) {
  if (H5Lexists(file, name, H5P_DEFAULT) <= 0) return 0;
  const Hid dataset(H5Dopen2(file, name, H5P_DEFAULT), H5Dclose);
  if (dataset.get() < 0) return 0;
  const Hid space(H5Dget_space(dataset.get()), H5Sclose);
  std::array<hsize_t, 2> size{};
  if (H5Sget_simple_extent_ndims(space.get()) != 2) return 0;
  H5Sget_simple_extent_dims(space.get(), size.data(), nullptr);
  return static_cast<std::int64_t>(size[0]);
}

std::vector<std::string> names_in(hid_t file, const char* group) {
  std::vector<std::string> names;
  if (H5Lexists(file, group, H5P_DEFAULT) <= 0) return names;
  const Hid opened(H5Gopen2(file, group, H5P_DEFAULT), H5Gclose);
  H5G_info_t info{};
  if (opened.get() < 0 || H5Gget_info(opened.get(), &info) < 0) return names;
  for (hsize_t k = 0; k < info.nlinks; ++k) {
    const auto name_at_k = [&](char* name, std::size_t size) {
      return H5Lget_name_by_idx(opened.get(), ".", H5_INDEX_NAME, H5_ITER_INC, k, name, size,
                                H5P_DEFAULT);
    };
    const ssize_t length = name_at_k(nullptr, 0);
    if (length < 0) continue;
    std::string name(static_cast<std::size_t>(length) + 1, '\0');
    name_at_k(name.data(), name.size());
    name.pop_back();
    names.push_back(name);
  }
  return names;
}

}  // namespace jpo
