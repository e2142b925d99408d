#pragma once
// Functions that read files written by ResultFile, on one rank. They return false and do not throw
// if the object is missing or has another type.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <hdf5.h>

namespace jpo {

/// Reads an attribute of a file or group.
bool read_attribute(hid_t object, const char* name, std::string& value);
bool read_attribute(hid_t object, const char* name, double& value);
bool read_attribute(hid_t object, const char* name, std::int64_t& value);

/// Reads a 1-D dataset of a group.
bool read_dataset(hid_t group, const char* name, std::vector<double>& values);
bool read_dataset(hid_t group, const char* name, std::vector<std::string>& values);

/// Reads rows [first, first + n_local) of a table into `values` [n_local, width]. Returns false if
/// the table is not [n_global, width].
bool read_rows(hid_t file, const char* name, std::int64_t first, std::int64_t n_local,
               std::int64_t n_global, std::int64_t width, std::span<double> values);

/// Returns the number of rows of a table; 0 if there is no such table.
std::int64_t count_rows(hid_t file, const char* name);

/// Returns the names of the objects in a group, sorted; none if there is no such group.
std::vector<std::string> names_in(hid_t file, const char* group);

}  // namespace jpo
