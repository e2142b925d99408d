#pragma once
// Chunks of a dataset, checked before they are read.

#include <cstdint>

#include <hdf5.h>

namespace jpo {

/// True where the stored chunks of rows [first, first + n) hold as many bytes as their values need,
/// through the filters shuffle, fletcher32 and gzip; false as well behind any other filter. HDF5
/// (1.10.8) believes what the file says, and reads beyond the end of a chunk that is shorter.
bool chunks_are_whole(hid_t dataset, std::int64_t first, std::int64_t n);

}  // namespace jpo
