#pragma once
// Checks the chunks of a dataset before they are read.

#include <cstdint>

#include <hdf5.h>

namespace jpo {

/// Returns true if the stored chunks of rows [first, first + n) have the number of bytes that their
/// values need, with the filters shuffle, fletcher32 and gzip. Returns false for any other filter.
/// HDF5 1.10.8 does not check this and reads beyond the end of a chunk that is too short.
bool chunks_are_whole(hid_t dataset, std::int64_t first, std::int64_t n);

}  // namespace jpo
