// A build without CUDA: host memory only.

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>

#include "core/memory_space.hpp"

namespace jpo {
namespace {

void check_host(MemorySpace space) {
  if (space != MemorySpace::host)
    throw std::invalid_argument("this build of jpo has no CUDA: values live on the host only");
}

}  // namespace

bool built_with_cuda() {
  return false;
}
int n_cuda_device() {
  return 0;
}
void choose_cuda_device(int /*index*/) {}
bool has_cuda_device() {
  return false;
}
void use_cuda_device() {
  check_host(MemorySpace::cuda);
}
std::string cuda_device_text() {
  return "none";
}

double* allocate_values(MemorySpace space, std::int64_t n) {
  check_host(space);
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): aligned memory has no make_unique
  return new (std::align_val_t{64}) double[static_cast<std::size_t>(n)]();
}

void release_values(MemorySpace /*space*/, double* values) noexcept {
  ::operator delete[](values, std::align_val_t{64});
}

void copy_values(MemorySpace to_space, double* to, MemorySpace from_space, const double* from,
                 std::int64_t n) {
  check_host(to_space);
  check_host(from_space);
  std::copy_n(from, n, to);
}

void finish_device_work() {}

}  // namespace jpo
