#pragma once
// Reading of what ResultFile writes, on one rank. Every function says false, and throws nothing,
// where the object is missing or of another type.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <hdf5.h>

namespace jpo {

// Attributes of a file or group.
bool read_attribute(hid_t object, const char* name, std::string& value);
bool read_attribute(hid_t object, const char* name, double& value);
bool read_attribute(hid_t object, const char* name, std::int64_t& value);

/// 1-D datasets of a group.
bool read_dataset(hid_t group, const char* name, std::vector<double>& values);
bool read_dataset(hid_t group, const char* name, std::vector<std::string>& values);

/// Rows [first, first + n_local) of a table that must be [n_global, width]; `values` has
/// n_local * width places.
bool read_rows(hid_t file, const char* name, std::int64_t first, std::int64_t n_local,
               std::int64_t n_global, std::int64_t width, std::span<double> values);

/// Rows of a table; 0 where there is none.
std::int64_t count_rows(hid_t file, const char* name);

/// What a group holds, by name; empty where there is no such group.
std::vector<std::string> names_in(hid_t file, const char* group);

}  // namespace jpo
