#include "io/stored_chunks.hpp"

#include <vector>
#include <zlib.h>

#include "io/hdf5_handle.hpp"

namespace jpo {
namespace {

// Bytes of a fletcher32 checksum.
constexpr hsize_t kChecksum = 4;
// Limit of HDF5 for the bytes of a chunk.
constexpr hsize_t kLargestChunk = hsize_t{1} << 32U;
// Limit for the compression ratio of gzip, which is about 1000 at most.
constexpr hsize_t kDensest = 1100;

// Expected sizes of one chunk, according to its filters.
struct Filtered {
  bool is_known = true;
  bool is_deflated = false;
  /// Bytes before gzip; all bytes if gzip is not used.
  hsize_t inflated = 0;
  /// Bytes that later filters append to those of gzip.
  hsize_t behind = 0;
};

// The chunks of one dataset.

class Chunks {
 public:
  explicit Chunks(hid_t dataset)
      : dataset_(dataset), creation_(H5Dget_create_plist(dataset), H5Pclose) {
    const Hid space(H5Dget_space(dataset), H5Sclose);
    const Hid type(H5Dget_type(dataset), H5Tclose);
    const int n_dimension = H5Sget_simple_extent_ndims(space.get());
    if (creation_.get() < 0 || n_dimension < 1) return;
    size_.resize(n_dimension);
    chunk_.resize(size_.size());
    H5Sget_simple_extent_dims(space.get(), size_.data(), nullptr);
    if (H5Pget_chunk(creation_.get(), n_dimension, chunk_.data()) != n_dimension) return;
    n_byte_ = H5Tget_size(type.get());
    for (const hsize_t length : chunk_) {
      if (length == 0 || n_byte_ == 0 || length > kLargestChunk / n_byte_) return;
      n_byte_ *= length;
    }
    const Hid file(H5Iget_file_id(dataset), H5Fclose);
    n_filter_ = H5Pget_nfilters(creation_.get());
    is_good_ = n_filter_ >= 0 && H5Fget_filesize(file.get(), &n_file_byte_) >= 0 &&
               H5Pget_chunk_opts(creation_.get(), &options_) >= 0;
  }

  bool are_whole(hsize_t first, hsize_t n) {
    if (!is_good_ || (n_filter_ == 0 && !have_full_size())) return false;
    std::vector<hsize_t> offset(size_.size(), 0);
    for (offset[0] = first / chunk_[0] * chunk_[0]; offset[0] < first + n; offset[0] += chunk_[0])
      if (!row_is_whole(offset, 1)) return false;
    return true;
  }

 private:
  // For a dataset without filters H5Dget_chunk_storage_size returns the size that a chunk should
  // have. Compares the sum of the sizes of all chunks instead, and each of them if they are few.
  bool have_full_size() const {
    constexpr hsize_t few = 1000;
    const Hid space(H5Dget_space(dataset_), H5Sclose);
    hsize_t n_chunk = 0;
    if (H5Dget_num_chunks(dataset_, space.get(), &n_chunk) < 0 ||
        H5Dget_storage_size(dataset_) != n_chunk * n_byte_)
      return false;
    for (hsize_t k = 0; k < n_chunk && n_chunk <= few; ++k) {
      hsize_t n_stored = 0;
      if (H5Dget_chunk_info(dataset_, space.get(), k, nullptr, nullptr, nullptr, &n_stored) < 0 ||
          n_stored != n_byte_)
        return false;
    }
    return true;
  }

  // Checks all chunks of these rows: loops over the other dimensions by recursion.
  bool row_is_whole(std::vector<hsize_t>& offset, std::size_t dimension) {
    if (dimension == size_.size()) return is_whole(offset);
    for (offset[dimension] = 0; offset[dimension] < size_[dimension];
         offset[dimension] += chunk_[dimension])
      if (!row_is_whole(offset, dimension + 1)) return false;
    return true;
  }

  // H5Dget_chunk_info_by_coord would visit all chunks for each one. The calls here look up one.
  bool is_whole(const std::vector<hsize_t>& offset) {
    hsize_t n_stored = 0;
    if (H5Dget_chunk_storage_size(dataset_, offset.data(), &n_stored) < 0) return false;
    // The sizes from the file must be plausible before memory is allocated for them.
    if (n_stored > n_file_byte_) return false;
    if (n_stored == 0) return !is_stored(offset);  // HDF5 reads the fill value
    if (n_filter_ == 0) return n_stored == n_byte_;
    unsigned mask = 0;
    if (!read_stored(offset, n_stored, mask)) return false;
    const Filtered filtered = filter(offset, mask);
    if (!filtered.is_known) return false;
    if (!filtered.is_deflated) return n_stored == filtered.inflated;
    return n_stored > filtered.behind && filtered.inflated / kDensest <= n_stored &&
           inflates(n_stored, filtered);
  }

  // Returns true if the file has a chunk at this offset, of no bytes. HDF5 cannot read a chunk that
  // is not stored.
  bool is_stored(const std::vector<hsize_t>& offset) {
    unsigned mask = 0;
    return read_stored(offset, 1, mask);
  }

  bool read_stored(const std::vector<hsize_t>& offset, hsize_t n_stored, unsigned& mask) {
    stored_.resize(n_stored);
    return H5Dread_chunk(dataset_, H5P_DEFAULT, offset.data(), &mask, stored_.data()) >= 0;
  }

  bool is_partial(const std::vector<hsize_t>& offset) const {
    for (std::size_t k = 0; k < offset.size(); ++k)
      if (offset[k] + chunk_[k] > size_[k]) return true;
    return false;
  }

  // Follows the filters in the order of writing. A bit of the mask marks a filter that was skipped
  // for this chunk.
  Filtered filter(const std::vector<hsize_t>& offset, unsigned mask) const {
    Filtered result;
    result.inflated = n_byte_;
    if ((options_ & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) != 0 && is_partial(offset)) return result;
    for (int k = 0; k < n_filter_; ++k) {
      if ((mask >> static_cast<unsigned>(k) & 1U) != 0) continue;
      std::size_t n_value = 0;
      unsigned flags = 0;
      switch (H5Pget_filter2(creation_.get(), static_cast<unsigned>(k), &flags, &n_value, nullptr,
                             0, nullptr, nullptr)) {
        case H5Z_FILTER_SHUFFLE:
          result.is_known = result.is_known && !result.is_deflated;
          break;
        case H5Z_FILTER_FLETCHER32:
          (result.is_deflated ? result.behind : result.inflated) += kChecksum;
          break;
        case H5Z_FILTER_DEFLATE:
          result.is_known = result.is_known && !result.is_deflated;
          result.is_deflated = true;
          break;
        default:
          result.is_known = false;
      }
    }
    return result;
  }

  // Inflates the stored bytes.
  bool inflates(hsize_t n_stored, const Filtered& filtered) {
    inflated_.resize(filtered.inflated);
    uLongf n = inflated_.size();
    return uncompress(inflated_.data(), &n, stored_.data(), n_stored - filtered.behind) == Z_OK &&
           n == filtered.inflated;
  }

  hid_t dataset_;
  Hid creation_;
  bool is_good_ = false;
  int n_filter_ = 0;
  std::vector<hsize_t> size_, chunk_;
  /// Bytes of a chunk's values.
  hsize_t n_byte_ = 0;
  hsize_t n_file_byte_ = 0;
  unsigned options_ = 0;
  std::vector<unsigned char> stored_, inflated_;
};

}  // namespace

bool chunks_are_whole(hid_t dataset, std::int64_t first, std::int64_t n) {
  const Hid creation(H5Dget_create_plist(dataset), H5Pclose);
  if (creation.get() < 0) return false;
  if (H5Pget_layout(creation.get()) != H5D_CHUNKED) return true;
  return Chunks(dataset).are_whole(static_cast<hsize_t>(first), static_cast<hsize_t>(n));
}

}  // namespace jpo
