#include "io/stored_run.hpp"

#include <array>
#include <filesystem>

#include "core/checks.hpp"
#include "io/hdf5_handle.hpp"

namespace jpo {
namespace {

bool read_text(hid_t file, const char* name, std::string& text) {
  if (H5Aexists(file, name) <= 0) return false;
  const Hid attribute(H5Aopen(file, name, H5P_DEFAULT), H5Aclose);
  const Hid type(H5Aget_type(attribute.get()), H5Tclose);
  if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) != 0) return false;
  text.resize(H5Tget_size(type.get()));
  return H5Aread(attribute.get(), type.get(), text.data()) >= 0;
}

bool read_number(hid_t file, const char* name, double& value) {
  if (H5Aexists(file, name) <= 0) return false;
  const Hid attribute(H5Aopen(file, name, H5P_DEFAULT), H5Aclose);
  return H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, &value) >= 0;
}

StoredRun read_here(const std::string& path) {
  StoredRun run;
  std::error_code ignored;
  run.exists = std::filesystem::exists(path, ignored);
  if (!run.exists) return run;
  quiet_hdf5();
  const Hid file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  run.is_result = file.get() >= 0 && read_text(file.get(), "deck", run.deck) &&
                  read_number(file.get(), "failed_fraction", run.failed_fraction);
  return run;
}

}  // namespace

StoredRun read_stored_run(const std::string& path, MPI_Comm comm) {
  int rank = 0;
  MPI_OK(MPI_Comm_rank(comm, &rank));
  StoredRun run;
  if (rank == 0) run = read_here(path);
  std::array<int, 3> shape = {run.exists ? 1 : 0, run.is_result ? 1 : 0,
                              static_cast<int>(run.deck.size())};
  MPI_OK(MPI_Bcast(shape.data(), 3, MPI_INT, 0, comm));
  run.exists = shape[0] == 1;
  run.is_result = shape[1] == 1;
  run.deck.resize(static_cast<std::size_t>(shape[2]));
  MPI_OK(MPI_Bcast(run.deck.data(), shape[2], MPI_CHAR, 0, comm));
  MPI_OK(MPI_Bcast(&run.failed_fraction, 1, MPI_DOUBLE, 0, comm));
  return run;
}

}  // namespace jpo
