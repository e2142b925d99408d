#include "io/hdf5_handle.hpp"

namespace jpo {

std::string hdf5_error_text() {
  std::string text;
  const auto visit = [](unsigned /*n*/, const H5E_error2_t* error, void* out) -> herr_t {
    auto& collected = *static_cast<std::string*>(out);
    if (error->desc != nullptr && *error->desc != '\0') collected = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, visit, &text);
  return text.empty() ? "no text from HDF5" : text;
}

void quiet_hdf5() {
  // A file that could not be written stays open. HDF5 must not close it at exit.
  H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

}  // namespace jpo
