#pragma once
// HDF5 in this folder: an owner of identifiers, and texts of errors.

#include <string>
#include <utility>

#include <hdf5.h>

namespace jpo {

using CloseFunction = herr_t (*)(hid_t);

/// Move-only owner of one HDF5 identifier.
class Hid {
 public:
  Hid(hid_t id, CloseFunction close) : id_(id), close_(close) {}
  Hid(const Hid&) = delete;
  Hid& operator=(const Hid&) = delete;
  Hid(Hid&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Hid& operator=(Hid&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Hid() {
    if (id_ >= 0) close_(id_);
  }
  hid_t get() const { return id_; }
  /// Drops the identifier without closing it.
  void abandon() { id_ = H5I_INVALID_HID; }

 private:
  hid_t id_;
  CloseFunction close_;
};

/// Opens an HDF5 file for reading, on this rank. On failure the identifier is not valid, and
/// `problem` has the reason: the file is cut off, is open in another program, is not HDF5, or is
/// damaged.
Hid open_for_reading(const std::string& path, std::string& problem);

/// Returns the innermost message of HDF5's error stack that is not empty.
std::string hdf5_error_text();

/// Disables HDF5's own error messages and its cleanup at exit. Call before the first use of HDF5.
void quiet_hdf5();

}  // namespace jpo
