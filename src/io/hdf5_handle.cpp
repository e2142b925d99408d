#include "io/hdf5_handle.hpp"

#include <cstdint>
#include <cstdlib>

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

// Returns the number behind `key`; 0 if there is none.
std::uint64_t number_after(const std::string& text, const std::string& key) {
  const std::size_t at = text.find(key);
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + key.size(), nullptr, 10);
}

// Returns the reason why a file could not be opened, from HDF5's messages.
std::string open_problem() {
  const std::string stack = hdf5_error_stack();
  const std::string cut = "truncated file: eof = ";
  if (const std::size_t at = stack.find(cut); at != std::string::npos) {
    const std::string numbers = stack.substr(at);
    return fmt::format(
        "the file is cut off: it has {} bytes, its header says {}", number_after(numbers, cut),
        number_after(numbers, "base_addr = ") + number_after(numbers, "stored_eof = "));
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
