// A build with CUDA: host memory and that of the rank's device.

#include <algorithm>
#include <cuda_runtime_api.h>
#include <new>
#include <stdexcept>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/memory_space.hpp"

namespace jpo {
namespace {

constexpr double kGigabyte = 1e9;

void check(cudaError_t code, const char* what) {
  if (code != cudaSuccess)
    throw std::runtime_error(fmt::format("CUDA: {}: {}", what, cudaGetErrorString(code)));
}

double* allocate_on_device(std::int64_t n) {
  const auto n_byte = static_cast<std::size_t>(n) * sizeof(double);
  void* values = nullptr;
  if (cudaMalloc(&values, n_byte) != cudaSuccess) {
    cudaGetLastError();  // answered here
    std::size_t free = 0;
    std::size_t total = 0;
    check(cudaMemGetInfo(&free, &total), "memory");
    throw BadInput(fmt::format(
        "the device has {:.2f} GB of {:.2f} GB free, and {:.2f} GB more are needed; allowed: a "
        "smaller key 'parallel.solve_batch', {:.0f} % of the present one, or more devices",
        static_cast<double>(free) / kGigabyte, static_cast<double>(total) / kGigabyte,
        static_cast<double>(n_byte) / kGigabyte,
        90.0 * static_cast<double>(free) / static_cast<double>(n_byte)));
  }
  check(cudaMemset(values, 0, n_byte), "set to 0");
  return static_cast<double*>(values);
}

}  // namespace

bool built_with_cuda() {
  return true;
}

int n_cuda_device() {
  int n = 0;
  if (cudaGetDeviceCount(&n) != cudaSuccess) {
    cudaGetLastError();  // no driver: no device
    return 0;
  }
  return n;
}

void use_cuda_device(int index) {
  const cudaError_t code = cudaSetDevice(index);
  if (code != cudaSuccess)
    throw BadInput(fmt::format("CUDA device {} cannot be used: {}; allowed: one that is free, or "
                               "none: CUDA_VISIBLE_DEVICES=\"\"",
                               index, cudaGetErrorString(code)));
}

std::string cuda_device_text() {
  int index = 0;
  cudaDeviceProp properties{};
  check(cudaGetDevice(&index), "the device in use");
  check(cudaGetDeviceProperties(&properties, index), "properties of the device");
  return fmt::format("{}: {}, sm_{}{}, {:.0f} GB", index, properties.name, properties.major,
                     properties.minor, static_cast<double>(properties.totalGlobalMem) / kGigabyte);
}

double* allocate_values(MemorySpace space, std::int64_t n) {
  if (space == MemorySpace::cuda) return allocate_on_device(n);
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): aligned memory has no make_unique
  return new (std::align_val_t{64}) double[static_cast<std::size_t>(n)]();
}

void release_values(MemorySpace space, double* values) noexcept {
  if (space == MemorySpace::cuda)
    cudaFree(values);
  else
    ::operator delete[](values, std::align_val_t{64});
}

void copy_values(MemorySpace to_space, double* to, MemorySpace from_space, const double* from,
                 std::int64_t n) {
  if (to_space == MemorySpace::host && from_space == MemorySpace::host) {
    std::copy_n(from, n, to);
    return;
  }
  check(cudaMemcpy(to, from, static_cast<std::size_t>(n) * sizeof(double), cudaMemcpyDefault),
        "copy");
}

void finish_device_work() {
  check(cudaGetLastError(), "launch of a kernel");
  check(cudaDeviceSynchronize(), "a kernel");
}

}  // namespace jpo
