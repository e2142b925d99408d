// Implementation with CUDA: host memory and the memory of the rank's device.

#include <array>
#include <cstring>
#include <cuda_runtime_api.h>
#include <new>
#include <stdexcept>

#include <fmt/format.h>

#include "core/device/memory_space.hpp"

namespace jpo {
namespace {

constexpr double kGigabyte = 1e9;
constexpr std::align_val_t kCacheLine{64};

// Index of the device of this process; -1 if there is none.
int chosen = -1;
int n_process_on_chosen = 1;

void check(cudaError_t code, const char* what) {
  if (code != cudaSuccess)
    throw std::runtime_error(fmt::format("CUDA: {}: {}", what, cudaGetErrorString(code)));
}

void* allocate_on_device(std::size_t n_byte) {
  void* bytes = nullptr;
  if (cudaMalloc(&bytes, n_byte) != cudaSuccess) {
    cudaGetLastError();  // clears the error
    std::size_t free = 0;
    std::size_t total = 0;
    check(cudaMemGetInfo(&free, &total), "memory");
    throw std::runtime_error(fmt::format(
        "cannot allocate {:.2f} GB on the device: {:.2f} GB of {:.2f} GB are free; a smaller "
        "parallel.solve_batch needs proportionally less memory",
        static_cast<double>(n_byte) / kGigabyte, static_cast<double>(free) / kGigabyte,
        static_cast<double>(total) / kGigabyte));
  }
  check(cudaMemset(bytes, 0, n_byte), "set to 0");
  return bytes;
}

}  // namespace

bool built_with_cuda() {
  return true;
}

int n_cuda_device() {
  int n = 0;
  if (cudaGetDeviceCount(&n) != cudaSuccess) {
    cudaGetLastError();  // clears the error: without a driver there is no device
    return 0;
  }
  return n;
}

void choose_cuda_device(int index) {
  chosen = index;
}
void share_cuda_device(int n_process) {
  n_process_on_chosen = n_process;
}

bool has_cuda_device() {
  return chosen >= 0;
}

void use_cuda_device() {
  check(cudaSetDevice(chosen), "the chosen device cannot be used");
}

double cuda_device_room() {
  if (!has_cuda_device()) return 0.0;
  std::size_t free = 0;
  std::size_t total = 0;
  check(cudaMemGetInfo(&free, &total), "memory");
  return static_cast<double>(free) / n_process_on_chosen;
}

std::string cuda_device_text() {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, chosen), "properties of the device");
  return fmt::format("{}: {}, sm_{}{}, {:.0f} GB", chosen, properties.name, properties.major,
                     properties.minor, static_cast<double>(properties.totalGlobalMem) / kGigabyte);
}

std::string device_pci_bus_id() {
  std::array<char, 32> bus_id{};
  // Errors are ignored here; the next CUDA call reports them.
  if (cudaDeviceGetPCIBusId(bus_id.data(), static_cast<int>(bus_id.size()), chosen) != cudaSuccess)
    return "";
  return bus_id.data();
}

void* allocate_bytes(MemorySpace space, std::int64_t n_byte) {
  const auto size = static_cast<std::size_t>(n_byte);
  if (space == MemorySpace::device) return allocate_on_device(size);
  return std::memset(::operator new(size, kCacheLine), 0, size);
}

void release_bytes(MemorySpace space, void* bytes) noexcept {
  if (space == MemorySpace::device)
    cudaFree(bytes);
  else
    ::operator delete(bytes, kCacheLine);
}

void copy_bytes(MemorySpace to_space, void* to, MemorySpace from_space, const void* from,
                std::int64_t n_byte) {
  if (n_byte == 0) return;
  const auto size = static_cast<std::size_t>(n_byte);
  if (to_space == MemorySpace::host && from_space == MemorySpace::host)
    std::memcpy(to, from, size);
  else
    check(cudaMemcpy(to, from, size, cudaMemcpyDefault), "copy");
}

void clear_bytes(MemorySpace space, void* bytes, std::int64_t n_byte) {
  if (n_byte == 0) return;
  const auto size = static_cast<std::size_t>(n_byte);
  if (space == MemorySpace::host)
    std::memset(bytes, 0, size);
  else
    check(cudaMemset(bytes, 0, size), "set to 0");
}

void* allocate_pinned(MemorySpace partner, std::int64_t n_byte) {
  if (partner == MemorySpace::host) return allocate_bytes(MemorySpace::host, n_byte);
  void* bytes = nullptr;
  const auto size = static_cast<std::size_t>(n_byte);
  check(cudaMallocHost(&bytes, size), "pinned host memory");
  return std::memset(bytes, 0, size);
}

void release_pinned(MemorySpace partner, void* bytes) noexcept {
  if (partner == MemorySpace::host)
    release_bytes(MemorySpace::host, bytes);
  else
    cudaFreeHost(bytes);
}

void finish_device_work() {
  check(cudaGetLastError(), "launch of a kernel");
  check(cudaDeviceSynchronize(), "run of a kernel");
}

}  // namespace jpo
