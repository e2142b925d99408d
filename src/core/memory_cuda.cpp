// A build with CUDA: host memory and that of the rank's device.

#include <algorithm>
#include <cuda_runtime_api.h>
#include <new>
#include <stdexcept>

#include <fmt/format.h>

#include "core/memory_space.hpp"

namespace jpo {
namespace {

constexpr double kGigabyte = 1e9;

int chosen = -1;  // the process has one, or none

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
    throw std::runtime_error(fmt::format(
        "{:.2f} GB more do not fit into the device: {:.2f} GB of {:.2f} GB are free; a smaller "
        "parallel.solve_batch needs less in proportion",
        static_cast<double>(n_byte) / kGigabyte, static_cast<double>(free) / kGigabyte,
        static_cast<double>(total) / kGigabyte));
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

void choose_cuda_device(int index) {
  chosen = index;
}

bool has_cuda_device() {
  return chosen >= 0;
}

void use_cuda_device() {
  check(cudaSetDevice(chosen), "the chosen device cannot be used");
}

std::string cuda_device_text() {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, chosen), "properties of the device");
  return fmt::format("{}: {}, sm_{}{}, {:.0f} GB", chosen, properties.name, properties.major,
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
  if (n == 0) return;
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
