#include "network/network_library.hpp"

#include <dlfcn.h>

#include <torch/torch.h>
#include <torch/version.h>

namespace jpo {
namespace {

// Returns the version in torch's build configuration, which has "TORCH_VERSION=1.13.0, ...".
std::string version_in(const std::string& configuration) {
  const std::string key = "TORCH_VERSION=";
  const std::size_t start = configuration.find(key);
  if (start == std::string::npos) return "";
  const std::size_t first = start + key.size();
  return configuration.substr(first, configuration.find_first_of(", \n", first) - first);
}

}  // namespace

LibraryBuild network_library_build() {
  return {"torch", TORCH_VERSION, version_in(at::show_config())};
}

NetworkThreads network_threads() {
  NetworkThreads threads;
  threads.library = at::get_num_threads();
  using GetThreads = int (*)();
  if (const auto get_threads =
          reinterpret_cast<GetThreads>(dlsym(RTLD_DEFAULT, "openblas_get_num_threads")))
    threads.blas = get_threads();
  return threads;
}

bool network_library_sees_gpu() {
  return torch::cuda::is_available();
}

}  // namespace jpo
