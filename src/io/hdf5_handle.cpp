#include "io/hdf5_handle.hpp"

#include <cstdio>

#include <fmt/format.h>

namespace jpo {
namespace {

// Returns all messages of HDF5's error stack.
std::string hdf5_error_stack() {
  std::string text;
  const auto visit = [](unsigned /*n*/, const H5E_error2_t* error, void* out) -> herr_t {
    if (error->desc != nullptr) (*static_cast<std::string*>(out) += error->desc) += '\n';
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, visit, &text);
  return text;
}

// Returns the reason why a file could not be opened, from HDF5's messages.
std::string open_problem() {
  const std::string stack = hdf5_error_stack();
  unsigned long long has = 0;
  unsigned long long base = 0;
  unsigned long long expected = 0;
  if (const std::size_t at = stack.find("truncated file: eof"); at != std::string::npos) {
    if (std::sscanf(stack.c_str() + at,
                    "truncated file: eof = %llu, sblock->base_addr = %llu, stored_eof = %llu", &has,
                    &base, &expected) == 3)
      return fmt::format("the file is cut off: it has {} bytes, its header says {}", has,
                         base + expected);
    return "the file is cut off";
  }
  for (const char* text :
       {"unable to lock file", "already open for write", "already open for read"})
    if (stack.find(text) != std::string::npos)
      return "the file is open for writing in another program, or its file lock cannot be taken "
             "(HDF5_USE_FILE_LOCKING=FALSE opens it without a lock)";
  if (stack.find("file signature not found") != std::string::npos) return "not an HDF5 file";
  return "it cannot be opened, the file may be damaged: " + hdf5_error_text();
}

}  // namespace

Hid open_for_reading(const std::string& path, std::string& problem) {
  quiet_hdf5();
  Hid file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (file.get() < 0) problem = open_problem();
  return file;
}

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
