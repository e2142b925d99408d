#include "io/result_file.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <unistd.h>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"
#include "core/errors.hpp"
#include "core/log.hpp"
#include "io/hdf5_handle.hpp"
#include "io/place_file.hpp"
#include "parallel/broadcast.hpp"

#ifndef H5_HAVE_PARALLEL
#error \
    "jpo writes in parallel and this HDF5 is serial: install libhdf5-openmpi-dev, or load a parallel HDF5 module."
#endif

namespace jpo {
namespace {

std::vector<hsize_t> as_sizes(const std::vector<std::int64_t>& shape) {
  std::vector<hsize_t> sizes;
  for (const std::int64_t extent : shape) sizes.push_back(static_cast<hsize_t>(extent));
  return sizes;
}

}  // namespace

struct ResultFile::Parts {
  std::string path;
  std::string part;
  bool overwrite = false;
  MPI_Comm comm;
  int rank = 0;
  Hid file{H5I_INVALID_HID, H5Fclose};
  Hid transfer{H5I_INVALID_HID, H5Pclose};
  bool open = false;

  /// Returns true if `good` is true on all ranks. The ranks agree on the outcome of every call
  /// before the next one. Collective.
  bool agree(bool good) const {
    int bad = good ? 0 : 1;
    MPI_OK(MPI_Allreduce(MPI_IN_PLACE, &bad, 1, MPI_INT, MPI_MAX, comm));
    return bad == 0;
  }

  // A collective write may fail on one rank only. H5Fclose is collective and could not complete
  // then. The file is left open, its name is removed, and all ranks throw together.
  [[noreturn]] void fail(const std::string& what, const std::string& cause) {
    file.abandon();
    open = false;
    // A write of a part of the bytes sets no errno, so HDF5 has no text about a full disk.
    std::string full = full_disk_text(part);
    if (rank == 0) unlink(part.c_str());
    MPI_OK(MPI_Barrier(comm));
    if (cause.find(full) != std::string::npos) full.clear();
    throw CannotWrite(fmt::format(
        "cannot write {}: {}: {}{}{}; the unfinished file is removed, an older result is kept",
        path, what, cause, full.empty() ? "" : ": ", full));
  }

  void check(bool good, const std::string& what) {
    const std::string cause = good ? "it failed on another rank" : hdf5_error_text();
    if (!agree(good)) fail(what, cause);
  }

  Hid checked(hid_t id, CloseFunction close, const std::string& what) {
    Hid owner(id, close);
    if (agree(id >= 0)) return owner;
    owner.abandon();
    fail(what, id < 0 ? hdf5_error_text() : "it failed on another rank");
  }

  /// Creates a contiguous dataset and its groups, without fill values.
  Hid create(const std::string& name, hid_t type, const std::vector<hsize_t>& sizes,
             const DatasetText& text);
  void describe(hid_t object, const DatasetText& text, const std::string& name);
  void write_attribute(hid_t object, const std::string& name, hid_t type, const void* value);
  void write_string(hid_t object, const std::string& name, const std::string& value);
  /// Writes rows [first, first + n_local) of this rank; n_local may be 0. width 0: one value per
  /// row, in a 1-D dataset.
  void write_rows(const std::string& name, hid_t type, const RowRange& rows, std::int64_t width,
                  const void* values, const DatasetText& text);
  /// Writes all values from rank 0.
  void write_replicated(const std::string& name, hid_t type, const std::vector<hsize_t>& sizes,
                        const void* values, const DatasetText& text);
  Hid open_object(const std::string& object);
};

Hid ResultFile::Parts::create(const std::string& name, hid_t type,
                              const std::vector<hsize_t>& sizes, const DatasetText& text) {
  const Hid space(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr),
                  H5Sclose);
  const Hid links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  const Hid creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  bool good = H5Pset_create_intermediate_group(links.get(), 1) >= 0;
  // No time stamps, so that files with the same contents are equal.
  good = good && H5Pset_obj_track_times(creation.get(), 0) >= 0;
  good = good && H5Pset_fill_time(creation.get(), H5D_FILL_TIME_NEVER) >= 0;
  check(good && space.get() >= 0, "preparing " + name);
  Hid dataset = checked(H5Dcreate2(file.get(), name.c_str(), type, space.get(), links.get(),
                                   creation.get(), H5P_DEFAULT),
                        H5Dclose, "creating " + name);
  describe(dataset.get(), text, name);
  return dataset;
}

void ResultFile::Parts::describe(hid_t object, const DatasetText& text, const std::string& name) {
  static_cast<void>(name);
  write_string(object, "units", text.units.empty() ? "1" : text.units);
  write_string(object, "description", text.description);
}

void ResultFile::Parts::write_attribute(hid_t object, const std::string& name, hid_t type,
                                        const void* value) {
  const Hid space(H5Screate(H5S_SCALAR), H5Sclose);
  const Hid attribute(H5Acreate2(object, name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT),
                      H5Aclose);
  const bool good = attribute.get() >= 0 && H5Awrite(attribute.get(), type, value) >= 0;
  check(good, "attribute " + name);
}

void ResultFile::Parts::write_string(hid_t object, const std::string& name,
                                     const std::string& value) {
  const Hid type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), std::max<std::size_t>(value.size(), 1));
  H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  write_attribute(object, name, type.get(), value.empty() ? "" : value.data());
}

void ResultFile::Parts::write_rows(const std::string& name, hid_t type, const RowRange& rows,
                                   std::int64_t width, const void* values,
                                   const DatasetText& text) {
  std::vector<hsize_t> sizes = {static_cast<hsize_t>(rows.n_global)};
  std::vector<hsize_t> first = {static_cast<hsize_t>(rows.first)};
  std::vector<hsize_t> count = {static_cast<hsize_t>(rows.n_local)};
  if (width > 0) {
    sizes.push_back(static_cast<hsize_t>(width));
    first.push_back(0);
    count.push_back(static_cast<hsize_t>(width));
  }
  const Hid dataset = create(name, type, sizes, text);
  const Hid file_space(H5Dget_space(dataset.get()), H5Sclose);
  const Hid memory_space(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr),
                         H5Sclose);
  if (rows.n_local > 0) {
    H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, first.data(), nullptr, count.data(),
                        nullptr);
  } else {
    H5Sselect_none(file_space.get());
    H5Sselect_none(memory_space.get());
  }
  check(H5Dwrite(dataset.get(), type, memory_space.get(), file_space.get(), transfer.get(),
                 values) >= 0,
        "writing " + name);
}

void ResultFile::Parts::write_replicated(const std::string& name, hid_t type,
                                         const std::vector<hsize_t>& sizes, const void* values,
                                         const DatasetText& text) {
  const Hid dataset = create(name, type, sizes, text);
  const Hid space(H5Dget_space(dataset.get()), H5Sclose);
  if (rank != 0) H5Sselect_none(space.get());
  check(H5Dwrite(dataset.get(), type, space.get(), space.get(), transfer.get(), values) >= 0,
        "writing " + name);
}

Hid ResultFile::Parts::open_object(const std::string& object) {
  if (H5Lexists(file.get(), object.c_str(), H5P_DEFAULT) > 0 || object == "/")
    return checked(H5Oopen(file.get(), object.c_str(), H5P_DEFAULT), H5Oclose, "opening " + object);
  const Hid links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links.get(), 1);
  return checked(H5Gcreate2(file.get(), object.c_str(), links.get(), H5P_DEFAULT, H5P_DEFAULT),
                 H5Gclose, "creating " + object);
}

ResultFile::ResultFile(const std::string& path, bool overwrite, MPI_Comm comm)
    : parts_(std::make_unique<Parts>()) {
  Parts& p = *parts_;
  p.path = follow_links(path);
  p.overwrite = overwrite;
  p.comm = comm;
  p.rank = mpi::rank(comm);
  quiet_hdf5();
  if (p.rank == 0) {
    std::error_code ignored;  // if this fails, creating the file fails as well and throws
    const auto parent = std::filesystem::path(p.path).parent_path();
    if (!parent.empty()) std::filesystem::create_directories(parent, ignored);
  }
  // The process number makes the name unique: another run with the same output must not write to
  // this file.
  std::int64_t process = getpid();
  MPI_OK(MPI_Bcast(&process, 1, MPI_INT64_T, 0, comm));
  p.part = fmt::format("{}.{}.part", p.path, process);
  const Hid access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  bool good = H5Pset_fapl_mpio(access.get(), comm, MPI_INFO_NULL) >= 0;
  good = good && H5Pset_all_coll_metadata_ops(access.get(), true) >= 0;
  good = good && H5Pset_coll_metadata_write(access.get(), true) >= 0;
  good = good && H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_LATEST) >= 0;
  p.transfer = Hid(H5Pcreate(H5P_DATASET_XFER), H5Pclose);
  good = good && H5Pset_dxpl_mpio(p.transfer.get(), H5FD_MPIO_COLLECTIVE) >= 0;
  p.check(good, "setting up parallel HDF5");
  p.file = p.checked(H5Fcreate(p.part.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose,
                     "creating " + p.part);
  p.open = true;
}

ResultFile::~ResultFile() {
  if (!parts_->open) return;
  // An exception was thrown between two calls: as fail(), but without a collective call.
  parts_->file.abandon();
  if (parts_->rank == 0) unlink(parts_->part.c_str());
}

void ResultFile::attribute(const std::string& object, const std::string& name,
                           const std::string& value) {
  const Hid owner = parts_->open_object(object);
  parts_->write_string(owner.get(), name, value);
}
void ResultFile::attribute(const std::string& object, const std::string& name, double value) {
  const Hid owner = parts_->open_object(object);
  parts_->write_attribute(owner.get(), name, H5T_NATIVE_DOUBLE, &value);
}
void ResultFile::attribute(const std::string& object, const std::string& name, std::int64_t value) {
  const Hid owner = parts_->open_object(object);
  parts_->write_attribute(owner.get(), name, H5T_NATIVE_INT64, &value);
}

void ResultFile::table(const std::string& dataset, const RowRange& rows, std::int64_t width,
                       std::span<const double> values, const DatasetText& text) {
  if (width > 0) parts_->write_rows(dataset, H5T_NATIVE_DOUBLE, rows, width, values.data(), text);
}
void ResultFile::column(const std::string& dataset, const RowRange& rows,
                        std::span<const double> values, const DatasetText& text) {
  parts_->write_rows(dataset, H5T_NATIVE_DOUBLE, rows, 0, values.data(), text);
}
void ResultFile::column(const std::string& dataset, const RowRange& rows,
                        std::span<const std::int64_t> values, const DatasetText& text) {
  parts_->write_rows(dataset, H5T_NATIVE_INT64, rows, 0, values.data(), text);
}

void ResultFile::enum_table(const std::string& dataset, const RowRange& rows,
                            std::span<const std::int8_t> values,
                            const std::vector<std::pair<std::string, std::int8_t>>& members,
                            const DatasetText& text) {
  const Hid type(H5Tenum_create(H5T_NATIVE_INT8), H5Tclose);
  for (const auto& [name, value] : members) H5Tenum_insert(type.get(), name.c_str(), &value);
  parts_->write_rows(dataset, type.get(), rows, 0, values.data(), text);
}

void ResultFile::replicated(const std::string& dataset, const std::vector<std::int64_t>& shape,
                            std::span<const double> values, const DatasetText& text) {
  parts_->write_replicated(dataset, H5T_NATIVE_DOUBLE, as_sizes(shape), values.data(), text);
}
void ResultFile::replicated(const std::string& dataset, const std::vector<std::int64_t>& shape,
                            std::span<const std::int64_t> values, const DatasetText& text) {
  parts_->write_replicated(dataset, H5T_NATIVE_INT64, as_sizes(shape), values.data(), text);
}

void ResultFile::strings(const std::string& dataset, const std::vector<std::string>& values,
                         const DatasetText& text) {
  // Fixed length, because parallel HDF5 cannot write strings of variable length collectively.
  std::size_t length = 1;
  for (const std::string& value : values) length = std::max(length, value.size());
  std::string padded;
  for (const std::string& value : values)
    padded += value + std::string(length - value.size(), '\0');
  const Hid type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), length);
  H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  parts_->write_replicated(dataset, type.get(), {static_cast<hsize_t>(values.size())},
                           padded.data(), text);
}

void ResultFile::commit() {
  Parts& p = *parts_;
  p.check(H5Fflush(p.file.get(), H5F_SCOPE_GLOBAL) >= 0, "flushing");
  const hid_t id = p.file.get();
  p.file.abandon();
  p.check(H5Fclose(id) >= 0, "closing");
  p.open = false;
  std::string cause;
  std::string warning;
  if (p.rank == 0) {
    try {
      place_file(p.part, p.path, p.overwrite, warning);
    } catch (const CannotWrite& error) {
      cause = error.what();
    }
    if (!warning.empty()) warn("{} is written, but not flushed to disk: {}", p.path, warning);
  }
  broadcast(cause, p.comm);
  if (cause.empty()) return;
  throw CannotWrite(
      fmt::format("cannot write {}: {}; the complete file is {}", p.path, cause, p.part));
}

LibraryVersion io_library_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return {"hdf5", fmt::format("{}.{}.{}", major, minor, release)};
}

}  // namespace jpo
